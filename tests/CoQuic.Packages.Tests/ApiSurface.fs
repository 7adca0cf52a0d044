/// The public surface of an assembly as lines: what a change of it changes for users.
module CoQuic.Packages.Tests.ApiSurface

open System
open System.Reflection
open Microsoft.FSharp.Reflection
open CoQuic.Packages.Tests.DocumentationRules
open CoQuic.Packages.Tests.XmlNames

let private kindOf (kind: Type) =
    if kind.IsEnum then "enum"
    elif kind.IsInterface then "interface"
    elif FSharpType.IsRecord kind then "record"
    elif FSharpType.IsUnion kind then "union"
    elif kind.IsValueType then "struct"
    elif kind.IsAbstract && kind.IsSealed then "module"
    elif kind.IsAbstract then "abstract class"
    else "class"

let private ofMember (info: MemberInfo) =
    let result =
        match info with
        | :? MethodInfo as method -> $": {typeId method.ReturnType}"
        | :? PropertyInfo as property ->
            let setter = if property.CanWrite then ", settable" else ""
            $": {typeId property.PropertyType}{setter}"
        | :? FieldInfo as field when field.IsLiteral -> $" = {field.GetRawConstantValue()}"
        | :? FieldInfo as field -> $": {typeId field.FieldType}"
        | _ -> ""

    $"  {memberId info}{result}"

let private ofCase (case: UnionCaseInfo) =
    let fields =
        [ for field in case.GetFields() -> $"{field.Name}: {typeId field.PropertyType}" ]

    $"""  case {case.Name} {String.Join("; ", fields)}""".TrimEnd()

let private ofType (kind: Type) =
    let cases =
        if FSharpType.IsUnion kind then
            FSharpType.GetUnionCases kind |> Array.map ofCase |> List.ofArray
        else
            []

    let members =
        membersOf kind
        |> Array.map ofMember
        |> Array.sortWith (fun first second -> String.CompareOrdinal(first, second))
        |> List.ofArray

    $"{kindOf kind} {definitionName kind}" :: cases @ members

/// A line a type, and a line a member, in an order that only they decide.
let lines (assembly: Assembly) : string list =
    assembly.GetExportedTypes()
    |> Array.filter (fun kind -> not (isGenerated kind || isCaseClass kind))
    |> Array.sortWith (fun first second -> String.CompareOrdinal(definitionName first, definitionName second))
    |> List.ofArray
    |> List.collect ofType
