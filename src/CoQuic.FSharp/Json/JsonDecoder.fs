namespace CoQuic.FSharp

open System
open System.Collections.Generic
open System.Reflection
open System.Text.Json
open System.Text.Json.Serialization
open Microsoft.FSharp.Reflection

/// Reads what `Json.options` writes, and names every fault at once, with its path. Driven by the F# types themselves, so that
/// a new field or case needs nothing here.
module internal JsonDecoder =

    /// None of an option is null.
    type private Decoded = Result<objnull, JsonFault list>

    let private fault path problem : Decoded =
        Error [ { Path = path; Problem = problem } ]

    /// A field's name in JSON.
    let fieldName (field: PropertyInfo) : string =
        match field.GetCustomAttribute<JsonPropertyNameAttribute>() with
        | null -> JsonNames.Policy.ConvertName field.Name
        | attribute -> attribute.Name

    /// Whether a field is no data: something behind an interface has no JSON.
    let isLeftOut (field: PropertyInfo) : bool =
        field.GetCustomAttribute<JsonIgnoreAttribute>() |> isNull |> not

    let private isGeneric (definition: Type) (kind: Type) =
        kind.IsGenericType && kind.GetGenericTypeDefinition() = definition

    let private isOption kind = isGeneric typedefof<_ option> kind

    let private none: objnull = null

    let private some (kind: Type) (value: objnull) =
        let case =
            FSharpType.GetUnionCases kind |> Array.find (fun case -> case.Name = "Some")

        FSharpValue.MakeUnion(case, [| value |]) |> box

    let private listOf (kind: Type) (items: objnull list) : objnull =
        let cases = FSharpType.GetUnionCases kind
        let empty = cases |> Array.find (fun case -> case.Name = "Empty")
        let cons = cases |> Array.find (fun case -> case.Name = "Cons")

        List.foldBack
            (fun item (rest: objnull) -> FSharpValue.MakeUnion(cons, [| item; rest |]))
            items
            (FSharpValue.MakeUnion(empty, [||]))

    /// All values, or all faults.
    let private all (results: Decoded list) : Result<objnull list, JsonFault list> =
        let faults =
            results
            |> List.collect (function
                | Ok _ -> []
                | Error faults -> faults)

        if faults.IsEmpty then
            results
            |> List.choose (function
                | Ok value -> Some value
                | Error _ -> None)
            |> Ok
        else
            Error faults

    let private leaf path (kind: Type) (element: JsonElement) : Decoded =
        let isRefused =
            kind.IsEnum
            && element.ValueKind = JsonValueKind.Number
            && not (JsonLeaf.takesNumber kind)

        try
            match element.Deserialize(kind, Json.options) with
            | _ when isRefused -> fault path (JsonLeaf.expected kind)
            | null -> fault path (JsonLeaf.expected kind)
            | value -> Ok value
        with
        | :? JsonException
        | :? FormatException
        | :? InvalidOperationException -> fault path (JsonLeaf.expected kind)

    /// The fields of an object by name. A name that comes twice is a fault, and so is one that nobody asks for.
    let private fieldsOf path (known: Set<string>) (element: JsonElement) =
        let found = Dictionary<string, JsonElement>()

        let faults =
            [ for property in element.EnumerateObject() do
                  let problem =
                      if not (known.Contains property.Name) then
                          Some "is not known here"
                      elif not (found.TryAdd(property.Name, property.Value)) then
                          Some "is there twice"
                      else
                          None

                  match problem with
                  | Some problem ->
                      { Path = $"{path}.{property.Name}"
                        Problem = problem }
                  | None -> () ]

        found, faults

    let rec private decode path (kind: Type) (basis: objnull option) (element: JsonElement) : Decoded =
        if isOption kind then
            if element.ValueKind = JsonValueKind.Null then
                Ok(none)
            else
                decode path kind.GenericTypeArguments[0] None element |> Result.map (some kind)
        elif isGeneric typedefof<_ list> kind then
            decodeList path kind element
        elif FSharpType.IsRecord kind then
            decodeRecord path kind basis element
        elif FSharpType.IsUnion kind then
            decodeUnion path kind element
        else
            leaf path kind element

    and private decodeList path kind element =
        if element.ValueKind = JsonValueKind.Array then
            element.EnumerateArray()
            |> Seq.mapi (fun index item -> decode $"{path}[{index}]" kind.GenericTypeArguments[0] None item)
            |> Seq.toList
            |> all
            |> Result.map (listOf kind)
        else
            fault path "should be a list"

    /// A field that is not there keeps the value of the basis, if there is one.
    and private decodeField
        path
        (basis: objnull option)
        (found: Dictionary<string, JsonElement>)
        (field: PropertyInfo)
        =
        let name = fieldName field

        let before =
            basis
            |> Option.map (fun record -> FSharpValue.GetRecordField(nonNull record, field))

        match found.TryGetValue name with
        | _ when isLeftOut field -> Ok(before |> Option.defaultValue null)
        | true, element -> decode $"{path}.{name}" field.PropertyType before element
        | false, _ ->
            match before with
            | Some value -> Ok value
            | None when isOption field.PropertyType -> Ok(none)
            | None -> fault $"{path}.{name}" "is missing"

    and private decodeFields path (tag: string list) basis (fields: PropertyInfo array) (element: JsonElement) =
        let readable = fields |> Array.filter (isLeftOut >> not)

        let found, unknown =
            fieldsOf path (set (tag @ [ for field in readable -> fieldName field ])) element

        let decoded = all [ for field in fields -> decodeField path basis found field ]

        match decoded, unknown with
        | Ok values, [] -> Ok(List.toArray values)
        | Ok _, unknown -> Error unknown
        | Error faults, unknown -> Error(unknown @ faults)

    and private decodeRecord path kind basis element =
        if element.ValueKind = JsonValueKind.Object then
            decodeFields path [] basis (FSharpType.GetRecordFields kind) element
            |> Result.map (fun values -> box (FSharpValue.MakeRecord(kind, values)))
        else
            fault path "should be an object"

    /// The fields of a case that holds a record are the record's.
    and private decodeCase path (case: UnionCaseInfo) element =
        match case.GetFields() with
        | [| only |] when FSharpType.IsRecord only.PropertyType ->
            let record = only.PropertyType

            decodeFields path [ Json.tagName ] None (FSharpType.GetRecordFields record) element
            |> Result.map (fun values -> [| box (FSharpValue.MakeRecord(record, values)) |])
        | fields -> decodeFields path [ Json.tagName ] None fields element

    and private decodeUnion path kind element =
        let cases = FSharpType.GetUnionCases kind
        let nameOf (case: UnionCaseInfo) = JsonNames.Policy.ConvertName case.Name
        let mutable tag = Unchecked.defaultof<JsonElement>

        let asked =
            if
                element.ValueKind = JsonValueKind.Object
                && element.TryGetProperty(Json.tagName, &tag)
                && tag.ValueKind = JsonValueKind.String
            then
                Option.ofObj (tag.GetString())
            else
                None

        match
            asked
            |> Option.bind (fun name -> cases |> Array.tryFind (fun case -> nameOf case = name))
        with
        | Some case ->
            decodeCase path case element
            |> Result.map (fun values -> box (FSharpValue.MakeUnion(case, values)))
        | None ->
            let names = String.Join(", ", cases |> Array.map nameOf)
            fault $"{path}.{Json.tagName}" $"should be one of {names}"

    let private parse (text: string) (read: JsonElement -> Result<'value, JsonFault list>) =
        try
            use document = JsonDocument.Parse text
            read document.RootElement
        with :? JsonException as problem ->
            Error
                [ { Path = "$"
                    Problem = $"is no JSON: {problem.Message}" } ]

    /// Reads a whole text.
    let read<'value> (text: string) : Result<'value, JsonFault list> =
        parse text (decode "$" typeof<'value> None >> Result.map unbox<'value>)

    /// Reads a record over another one, which gives all that the text leaves out.
    let readOver<'record> (basis: 'record) (text: string) : Result<'record, JsonFault list> =
        parse text (decode "$" typeof<'record> (Some(box basis)) >> Result.map unbox<'record>)
