namespace CoQuic.FSharp

open System
open System.Collections.Generic

/// The address translation that a node is behind: others see ports of its own. At each rebinding it forgets all of them, and whoever
/// sends on gets a new one (RFC 9000 §9.3.3).
[<Sealed>]
type internal Nat(rebindings: TimeSpan list) =

    /// Ports that it gives out begin here.
    static let firstPort = 40_000

    let times = List.sort rebindings
    let ports = Dictionary<int, int>()
    let owners = Dictionary<int, int>()
    let mutable forgotten = 0
    let mutable port = firstPort

    let forgetAsOf (now: TimeUs) =
        let due = times |> List.filter (fun at -> TimeUs.zero + at <= now) |> List.length

        if due > forgotten then
            forgotten <- due
            ports.Clear()
            owners.Clear()

    /// The address that others see.
    member _.Outside(now: TimeUs, local: HostAddress) : HostAddress =
        forgetAsOf now

        match ports.TryGetValue local.Port with
        | true, outside -> { local with Port = outside }
        | false, _ ->
            port <- port + 1
            ports.Add(local.Port, port)
            owners.Add(port, local.Port)
            { local with Port = port }

    /// The address inside; none where nobody has that port, or not any more.
    member _.Inside(now: TimeUs, outside: HostAddress) : HostAddress voption =
        forgetAsOf now

        match owners.TryGetValue outside.Port with
        | true, local -> ValueSome { outside with Port = local }
        | false, _ -> ValueNone
