/// Names of types and members as in XML documentation (ECMA-334, annex D): `M:Space.Type.Method(Space.Parameter,…)`.
module CoQuic.Packages.Tests.XmlNames

open System
open System.Reflection
open System.Text.RegularExpressions

/// A type as it stands in a parameter list.
let rec typeId (kind: Type) : string =
    if kind.IsByRef then
        typeId (nonNull (kind.GetElementType())) + "@"
    elif kind.IsArray then
        typeId (nonNull (kind.GetElementType())) + "[]"
    elif kind.IsPointer then
        typeId (nonNull (kind.GetElementType())) + "*"
    elif kind.IsGenericMethodParameter then
        $"``{kind.GenericParameterPosition}"
    elif kind.IsGenericParameter then
        $"`{kind.GenericParameterPosition}"
    elif kind.IsGenericType then
        let arguments = kind.GetGenericArguments() |> Array.map typeId

        let name =
            Regex.Replace(definitionName (kind.GetGenericTypeDefinition()), "`\\d+$", "")

        $"""{name}{{{String.Join(",", arguments)}}}"""
    else
        definitionName kind

/// A type by its own name.
and definitionName (kind: Type) =
    (kind.FullName |> Option.ofObj |> Option.defaultValue kind.Name).Replace('+', '.')

let private parametersId (parameters: ParameterInfo array) =
    if parameters.Length = 0 then
        ""
    else
        $"""({String.Join(",", parameters |> Array.map (fun parameter -> typeId parameter.ParameterType))})"""

/// The name of a type or member.
let memberId (info: MemberInfo) =
    let owner =
        match info.DeclaringType with
        | null -> ""
        | declaring -> definitionName declaring

    match info with
    | :? ConstructorInfo as constructor -> $"M:{owner}.#ctor{parametersId (constructor.GetParameters())}"
    | :? MethodInfo as method ->
        let arity =
            if method.IsGenericMethod then
                $"``{method.GetGenericArguments().Length}"
            else
                ""

        let conversion =
            if method.Name = "op_Implicit" || method.Name = "op_Explicit" then
                $"~{typeId method.ReturnType}"
            else
                ""

        $"M:{owner}.{method.Name}{arity}{parametersId (method.GetParameters())}{conversion}"
    | :? PropertyInfo as property -> $"P:{owner}.{property.Name}{parametersId (property.GetIndexParameters())}"
    | :? FieldInfo as field -> $"F:{owner}.{field.Name}"
    | :? EventInfo as event -> $"E:{owner}.{event.Name}"
    | :? Type as kind -> $"T:{definitionName kind}"
    | _ -> invalidArg (nameof info) $"There is no name for {info}."
