namespace CoQuic.FSharp

open System.Linq
open System.Text.Json

/// The first place where two JSON values differ.
module internal JsonDifference =

    /// How many characters of a value are shown, and how many of them are before the difference.
    let private shown, before = 30, 10

    /// The part of a text from a position on, with marks for what is left out.
    let private excerpt start (text: string) =
        let start = min start text.Length
        let rest = text.Substring start
        let head = if start > 0 then "…" else ""

        if rest.Length <= shown then
            head + rest
        else
            head + rest.Substring(0, shown) + "…"

    /// Both values around their first difference.
    let private show (left: JsonElement) (right: JsonElement) =
        let left, right = left.GetRawText(), right.GetRawText()

        let same =
            Seq.zip left right
            |> Seq.takeWhile (fun (one, other) -> one = other)
            |> Seq.length

        let start = max 0 (same - before)
        excerpt start left, excerpt start right

    let private only (element: JsonElement) = excerpt 0 (element.GetRawText())

    let private field path (name: string) =
        if path = "" then name else $"{path}.{name}"

    let rec private find path (left: JsonElement) (right: JsonElement) : (string * string * string) option =
        match left.ValueKind, right.ValueKind with
        | JsonValueKind.Object, JsonValueKind.Object -> findInObjects path left right
        | JsonValueKind.Array, JsonValueKind.Array -> findInLists path left right
        | _ when JsonElement.DeepEquals(left, right) -> None
        | _ ->
            let left, right = show left right
            Some(path, left, right)

    and private findInObjects path left right =
        let names =
            left.EnumerateObject().Concat(right.EnumerateObject())
            |> Seq.map _.Name
            |> Seq.distinct

        names
        |> Seq.tryPick (fun name ->
            match left.TryGetProperty name, right.TryGetProperty name with
            | (true, left), (true, right) -> find (field path name) left right
            | (true, left), (false, _) -> Some(field path name, only left, "nothing")
            | (false, _), (_, right) -> Some(field path name, "nothing", only right))

    and private findInLists path left right =
        let left, right =
            List.ofSeq (left.EnumerateArray()), List.ofSeq (right.EnumerateArray())

        seq { 0 .. max left.Length right.Length - 1 }
        |> Seq.tryPick (fun index ->
            match List.tryItem index left, List.tryItem index right with
            | Some left, Some right -> find $"{path}[{index}]" left right
            | Some left, None -> Some($"{path}[{index}]", only left, "nothing")
            | None, Some right -> Some($"{path}[{index}]", "nothing", only right)
            | None, None -> None)

    /// Where two values of a type differ first, and what is there on both sides; none when they are the same.
    let first (left: 'value) (right: 'value) : (string * string * string) option =
        find
            ""
            (JsonSerializer.SerializeToElement(left, Json.options))
            (JsonSerializer.SerializeToElement(right, Json.options))
