namespace CoQuic.FSharp

/// Which of several programs on one endpoint owns which connection. Plain data.
type Sharing<'owner when 'owner: comparison> =
    {
        /// The tag that the next `Open` of any of them gets.
        NextTag: OpenTag
        /// Of opens that are not answered yet: whose, and under which tag of its own.
        Tags: Map<OpenTag, 'owner * OpenTag>
        /// The connections that have not ended.
        Owners: Map<ConnectionHandle, 'owner>
        /// Those that have said `Stop`.
        Stopped: Set<'owner>
    }

/// Keeps several programs on one endpoint apart.
module internal Sharing =

    let none: Sharing<'owner> =
        { NextTag = 0
          Tags = Map.empty
          Owners = Map.empty
          Stopped = Set.empty }

    let own connection owner sharing =
        { sharing with
            Owners = Map.add connection owner sharing.Owners }

    let isStopped owner sharing = Set.contains owner sharing.Stopped

    /// A stopped program has no use for a connection that comes into being late.
    let hearNoMore (event: Event<'message>) : Command<'shared> list =
        match event with
        | Network(Signal.Opened(_, connection)) -> [ Command.close connection 0UL "" ]
        | Network _
        | Message _ -> []

    let private connectionsOf owner sharing =
        [ for KeyValue(connection, other) in sharing.Owners do
              if other = owner then
                  connection ]

    let private stop owner sharing =
        { sharing with
            Stopped = Set.add owner sharing.Stopped },
        [ for connection in connectionsOf owner sharing -> Command.close connection 0UL "" ]

    let private openUnder tag owner request sharing =
        { sharing with
            NextTag = sharing.NextTag + 1
            Tags = Map.add sharing.NextTag (owner, tag) sharing.Tags },
        [ Command.Open(sharing.NextTag, request) ]

    /// A program's command as one of the endpoint. A stopped program wants nothing.
    let private translate owner wrap sharing command =
        match command with
        | _ when isStopped owner sharing -> sharing, []
        | Command.Stop -> stop owner sharing
        | Command.Open(tag, request) -> openUnder tag owner request sharing
        | other -> sharing, [ Command.map wrap other ]

    /// A program's commands, in order, as commands of the endpoint.
    let commands owner (wrap: 'message -> 'shared) (commands: Command<'message> list) sharing =
        let translated, sharing =
            (sharing, commands)
            ||> List.mapFold (fun sharing command ->
                let sharing, translated = translate owner wrap sharing command
                translated, sharing)

        sharing, List.concat translated

    /// Whom a signal is for, if anybody is known, the signal as that program should hear it, and what is known afterwards.
    let recipient signal sharing =
        let answer tag toSignal settle =
            match Map.tryFind tag sharing.Tags with
            | Some(owner, tagOfOwner) ->
                let answered =
                    { sharing with
                        Tags = Map.remove tag sharing.Tags }

                Some owner, toSignal tagOfOwner, settle owner answered
            | None -> None, signal, sharing

        let ownerOf connection = Map.tryFind connection sharing.Owners

        match signal with
        | Signal.Opened(tag, connection) -> answer tag (fun tag -> Signal.Opened(tag, connection)) (own connection)
        | Signal.Refused(tag, error) -> answer tag (fun tag -> Signal.Refused(tag, error)) (fun _ sharing -> sharing)
        | Signal.Closed closed ->
            ownerOf closed.Connection,
            signal,
            { sharing with
                Owners = Map.remove closed.Connection sharing.Owners }
        | other -> Signal.connection other |> Option.bind ownerOf, signal, sharing
