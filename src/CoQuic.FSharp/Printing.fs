namespace CoQuic.FSharp

open System
open System.Collections
open System.Reflection
open Microsoft.FSharp.Reflection

/// How settings print: what differs from their defaults, a line each.
module internal Printing =

    /// What people see of a value.
    let private show (value: objnull) =
        match value with
        | null -> "none"
        | :? string as text -> text
        | :? Secret as secret when (Secret.reveal secret).IsEmpty -> string Bytes.empty
        | :? IEnumerable as items -> String.Join(", ", Seq.cast<obj> items)
        | value -> string value

    /// What is behind an interface is no setting.
    let private isSetting (kind: Type) =
        let isOption =
            kind.IsGenericType && kind.GetGenericTypeDefinition() = typedefof<_ option>

        not (kind.IsInterface || isOption && kind.GenericTypeArguments[0].IsInterface)

    /// A line for each setting that differs from the engine's property of the same name; a group of settings says so itself.
    let private line (defaults: obj) (record: obj) (field: PropertyInfo) =
        let value = show (field.GetValue record)

        let standard =
            match defaults.GetType().GetProperty field.Name with
            | null -> None
            | property -> Some(show (property.GetValue defaults))

        let isGroup = FSharpType.IsRecord field.PropertyType

        if standard = Some value || (isGroup && value.EndsWith "the defaults") then
            None
        elif isGroup then
            Some $"""  {value.Replace("\n", "\n  ")}"""
        else
            Some $"  {field.Name} = {value}"

    /// A title, and the settings that differ from the engine's.
    let changes (title: string) (defaults: obj) (record: obj) : string =
        let changed =
            FSharpType.GetRecordFields(record.GetType())
            |> Array.filter (fun field -> isSetting field.PropertyType)
            |> Array.choose (line defaults record)
            |> List.ofArray

        match changed with
        | [] -> $"{title}: the defaults"
        | changed -> String.Join("\n", $"{title}: the defaults, but" :: changed)
