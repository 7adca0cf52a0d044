/// Every public member has a summary, and every number and every run of bytes that goes in says its unit or range: held by
/// reflection against the XML documentation.
module CoQuic.Packages.Tests.DocumentationRules

open System
open System.Collections.Generic
open System.Reflection
open System.Runtime.CompilerServices
open System.Text.RegularExpressions
open System.Xml.Linq
open Microsoft.FSharp.Reflection
open CoQuic.Packages.Tests.XmlNames

type Fault =
    /// Nothing says what the member is; the name is that of the XML documentation.
    | NoSummary of id: string
    /// Nothing says what numbers or bytes may go in there.
    | NoUnit of id: string * parameter: string

/// What an assembly's XML documentation says, by the name of each member.
let readXml (xml: string) : IDictionary<string, XElement> =
    let found = Dictionary<string, XElement>()

    for element in (XDocument.Parse xml).Descendants(XName.Get "member") do
        match element.Attribute(XName.Get "name") with
        | null -> ()
        | name -> found[name.Value] <- element

    found

let isGenerated (info: MemberInfo) =
    info.IsDefined(typeof<CompilerGeneratedAttribute>, false)
    || info.Name.Contains '<'
    || info.Name.Contains '@'

let private text (element: XElement option) (name: string) =
    element
    |> Option.bind (fun element -> Option.ofObj (element.Element(XName.Get name)))
    |> Option.map (fun found -> found.Value.Trim())
    |> Option.defaultValue ""

/// What stands in for a summary: another member's documentation, or plain text.
let private hasSummary (element: XElement option) =
    match element with
    | None -> false
    | Some element ->
        text (Some element) "summary" <> ""
        || not (isNull (element.Element(XName.Get "inheritdoc")))
        || (isNull (element.Element(XName.Get "summary")) && element.Value.Trim() <> "")

let private numbers =
    set
        [ for kind: Type in
              [ typeof<int>
                typeof<int64>
                typeof<uint64>
                typeof<uint32>
                typeof<uint16>
                typeof<byte>
                typeof<float>
                typeof<byte array>
                typeof<ReadOnlyMemory<byte>>
                typeof<Memory<byte>> ] -> definitionName kind ]

/// A span cannot be a type argument, so these go by name.
let private isByteSpan (kind: Type) =
    kind.IsByRefLike
    && kind.IsGenericType
    && kind.GenericTypeArguments = [| typeof<byte> |]

let private isQuantity (kind: Type) =
    not kind.IsEnum
    && (numbers.Contains(definitionName kind)
        || isByteSpan kind
        || kind.FullName = "CoQuic.Engine.Bytes")

/// What tells a unit, a range, or what is counted.
let private unitWords =
    Regex(
        @"\d|bytes?\b|second|micro|milli|unit|count|number|how many|how much|offset|code|port|length|size|below|at most|at least|any\b|empty|copied|copy|seed|index|identif|probab|instant|order|position|percent|datagram|payload|token|key|secret|certificate|DER|digest|packet|text|hex|priority|times|possibly none|handle|what |whatever",
        RegexOptions.IgnoreCase
    )

let private saysUnit (words: string) = unitWords.IsMatch words

let private quantityFaults (element: XElement option) id (parameters: ParameterInfo array) =
    let described (parameter: ParameterInfo) =
        let own =
            element
            |> Option.map (fun element ->
                element.Elements(XName.Get "param")
                |> Seq.filter (fun param ->
                    match param.Attribute(XName.Get "name") with
                    | null -> false
                    | name -> parameter.Name = name.Value)
                |> Seq.map _.Value
                |> String.concat " ")
            |> Option.defaultValue ""

        if own <> "" then
            own
        else
            element |> Option.map _.Value |> Option.defaultValue ""

    let inherits =
        element
        |> Option.exists (fun element -> not (isNull (element.Element(XName.Get "inheritdoc"))))

    [ if not inherits then
          for parameter in parameters do
              if isQuantity parameter.ParameterType && not (saysUnit (described parameter)) then
                  NoUnit(id, parameter.Name |> Option.ofObj |> Option.defaultValue "") ]

let private declared =
    BindingFlags.Public
    ||| BindingFlags.Instance
    ||| BindingFlags.Static
    ||| BindingFlags.DeclaredOnly

/// Members that everything has, or that a compiler made.
let private isOrdinary (info: MemberInfo) =
    isGenerated info
    || match info with
       | :? ConstructorInfo as constructor -> constructor.GetParameters().Length = 0
       | :? PropertyInfo as property when not (isNull property.GetMethod) ->
           let getter = nonNull property.GetMethod
           getter.GetBaseDefinition() <> getter
       | :? MethodInfo as method ->
           method.IsSpecialName && not (method.Name.StartsWith "op_")
           || (method.GetBaseDefinition() <> method)
           || List.contains method.Name [ "Equals"; "CompareTo"; "GetHashCode"; "ToString"; "Deconstruct" ]
       | _ -> false

let private isOperator (info: MemberInfo) =
    match info with
    | :? MethodInfo as method -> method.Name.StartsWith("op_", StringComparison.Ordinal)
    | _ -> false

/// What a union's compiled form has besides its cases.
let private isOfUnion (kind: Type) (info: MemberInfo) =
    FSharpType.IsUnion kind
    && (info.Name = "Tag"
        || info.Name = "Tags"
        || FSharpType.GetUnionCases kind
           |> Array.exists (fun case ->
               info.Name = case.Name
               || info.Name = "New" + case.Name
               || info.Name = "Is" + case.Name
               || info.Name = "get_" + case.Name))

/// The class that a union's case is compiled to.
let isCaseClass (kind: Type) =
    match kind.DeclaringType with
    | null -> false
    | owner -> FSharpType.IsUnion owner && isOfUnion owner kind

let private isConstructorOfRecord (kind: Type) (info: MemberInfo) =
    (info :? ConstructorInfo)
    && (FSharpType.IsRecord kind || FSharpType.IsExceptionRepresentation kind)

/// The members that people see.
let membersOf (kind: Type) =
    kind.GetMembers declared
    |> Array.filter (fun info ->
        not (info :? Type)
        && not (isOrdinary info)
        && not (isOfUnion kind info)
        && not (isConstructorOfRecord kind info)
        && not (kind.IsEnum && info.Name = "value__"))

/// Records of C# declare their parameters once, as `param` of the type.
let private isParameterOfRecord (docs: IDictionary<string, XElement>) (kind: Type) (info: MemberInfo) =
    match docs.TryGetValue(memberId kind) with
    | true, element ->
        element.Elements(XName.Get "param")
        |> Seq.exists (fun param ->
            match param.Attribute(XName.Get "name") with
            | null -> false
            | name -> name.Value = info.Name)
        || (info :? ConstructorInfo && not (isNull (element.Element(XName.Get "param"))))
    | false, _ -> false

let private tryFind key (docs: IDictionary<string, XElement>) =
    match docs.TryGetValue key with
    | true, element -> Some element
    | false, _ -> None

let private faultsOfMember (docs: IDictionary<string, XElement>) kind (info: MemberInfo) =
    let id = memberId info

    let element =
        match docs.TryGetValue id, info with
        | (true, element), _ -> Some element
        // What a class says of itself says it of its constructor.
        | (false, _), (:? ConstructorInfo) -> docs |> tryFind (memberId kind)
        | (false, _), _ -> None

    if isParameterOfRecord docs kind info then
        []
    else
        [ if not (hasSummary element) then
              NoSummary id

          match info with
          | :? MethodBase as method when not (isOperator info) ->
              yield! quantityFaults element id (method.GetParameters())
          | _ -> () ]

let private caseFaults (docs: IDictionary<string, XElement>) (kind: Type) =
    if FSharpType.IsUnion kind then
        [ for case in FSharpType.GetUnionCases kind do
              let ids =
                  [ $"T:{definitionName kind}.{case.Name}"
                    $"P:{definitionName kind}.{case.Name}" ]

              if not (ids |> List.exists docs.ContainsKey) then
                  NoSummary ids.Head ]
    else
        []

/// What is not documented of an assembly.
let faults (docs: IDictionary<string, XElement>) (assembly: Assembly) : Fault list =
    [ for kind in assembly.GetExportedTypes() do
          if not (isGenerated kind || isCaseClass kind) then
              if not (docs.ContainsKey(memberId kind)) then
                  NoSummary(memberId kind)

              yield! caseFaults docs kind

              for info in membersOf kind do
                  yield! faultsOfMember docs kind info ]
