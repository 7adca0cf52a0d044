namespace CoQuic.Runtime

open System.Collections.Generic
open CoQuic.FSharp

/// What an application did to its streams, as commands.
[<RequireQualifiedAccess>]
module internal StreamCommands =

    let private ofReceiver (stream: StreamCore) (receiver: StreamReceiver) (commands: List<Command<'message>>) =
        match receiver.TakeStop() with
        | ValueSome code -> commands.Add(Command.stopSending stream.Connection stream.Id code)
        | ValueNone ->
            match receiver.TakeConsumed() with
            | 0UL -> ()
            | count ->
                commands.Add(
                    Command.Consume
                        { Connection = stream.Connection
                          Stream = stream.Id
                          Count = count }
                )

    let rec private ofSender (stream: StreamCore) (sender: StreamSender) (commands: List<Command<'message>>) =
        match sender.Take() with
        | NoWork -> ()
        | Abandon code -> commands.Add(Command.reset stream.Connection stream.Id code)
        | Data(bytes, fin) ->
            commands.Add(
                Command.Send
                    { Connection = stream.Connection
                      Stream = stream.Id
                      Bytes = Bytes.ofMemory bytes
                      Fin = fin
                      Priority = sender.Priority }
            )

            ofSender stream sender commands

    let private collect (commands: List<Command<'message>>) (stream: StreamCore) =
        match stream.Receiver with
        | null -> ()
        | receiver -> ofReceiver stream receiver commands

        match stream.Sender with
        | null -> ()
        | sender -> ofSender stream sender commands

    /// All that these streams want done.
    let ofStreams (streams: StreamCore list) : Command<'message> list =
        let commands = List()
        streams |> List.iter (collect commands)
        List.ofSeq commands
