/// The options of a target: switches (`--full`), values (`--filter TEXT`) and the words between them.
module CoQuic.Build.Options

open CoQuic.Build.Shell

type Options =
    { Switches: Set<string>
      Values: Map<string, string>
      Words: string list }

    member options.Has switch = options.Switches.Contains switch

    member options.Value name = options.Values.TryFind name

    member options.ValueOr name fallback =
        options.Value name |> Option.defaultValue fallback

let private none =
    { Switches = Set.empty
      Values = Map.empty
      Words = [] }

/// Reads a target's arguments; `known` names its switches, and its values with `=` behind: `[ "--full"; "--filter=" ]`.
let parse target (known: string list) mayHaveWords arguments =
    let rec read options arguments =
        match arguments with
        | [] -> options
        | (name: string) :: value :: rest when List.contains (name + "=") known ->
            read
                { options with
                    Values = options.Values.Add(name, value) }
                rest
        | name :: [] when List.contains (name + "=") known -> stop $"{target}: {name} needs a value."
        | name :: rest when List.contains name known ->
            read
                { options with
                    Switches = options.Switches.Add name }
                rest
        | word :: rest when mayHaveWords && not (word.StartsWith '-') ->
            read
                { options with
                    Words = options.Words @ [ word ] }
                rest
        | word :: _ -> stop $"{target} does not know '{word}'; `dotnet fsi build.fsx help` lists what it knows."

    read none arguments
