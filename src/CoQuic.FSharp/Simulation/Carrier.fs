namespace CoQuic.FSharp

open System.Collections.Generic

/// Carries datagrams: through the sender's address translation and the link, up to the receiver.
[<Sealed>]
type internal Carrier(simulation: Simulation, agenda: Agenda, writer: TranscriptWriter) =

    let links = Dictionary<struct (string * string), LinkRun>()
    let mutable traffic = Traffic.none

    let linkOf (source: string) (destination: string) =
        match links.TryGetValue(struct (source, destination)) with
        | true, link -> link
        | false, _ ->
            let link =
                simulation.Links
                |> Map.tryFind (source, destination)
                |> Option.defaultValue simulation.Link

            let run = LinkRun(simulation.Seed, $"link {source} {destination}", link)
            links.Add(struct (source, destination), run)
            run

    let suffer (flight: Flight) fate =
        traffic <- Traffic.count fate traffic

        writer.Note(
            agenda.Now,
            flight.From.Host,
            fun () -> TranscriptEvent.Underway(flight.Bytes.Length, flight.To, fate)
        )

    /// Through the stages that take no time, up to the next instant.
    let rec pass (link: LinkRun) stage (flight: Flight) =
        let passage = link.Pass(stage, flight)
        ValueOption.iter (suffer flight) passage.Fate

        for leaving in passage.Leaving do
            carry link (stage + 1) leaving

    and carry link stage flight =
        if stage < link.Length && flight.At <= agenda.Now then
            pass link stage flight
        else
            agenda.Plan(flight.At, Passing(link, stage, flight))

    let send (node: NodeRun) local remote ecn bytes =
        traffic <- { traffic with Sent = traffic.Sent + 1 }

        let source =
            match node.Nat with
            | ValueSome nat -> nat.Outside(agenda.Now, local)
            | ValueNone -> local

        carry
            (linkOf node.Name remote.Host)
            0
            { At = agenda.Now
              Bytes = bytes
              Ecn = ecn
              From = source
              To = remote }

    /// What became of the datagrams so far.
    member _.Traffic = traffic

    /// Sends the datagrams of a run on their way.
    member _.Transmit(node: NodeRun, run: SendDatagram) =
        match run.Route with
        | None -> ()
        | Some route ->
            let struct (local, remote) = node.Addresses(run.Connection, route)

            for bytes in SendDatagram.datagrams run do
                send node local remote run.Ecn bytes

    /// A datagram goes on, at a stage of its link.
    member _.Pass(link: LinkRun, stage: int, flight: Flight) = pass link stage flight

    /// Where a datagram arrives at its receiver; nowhere, if that has ended, never was, or is behind an address translation that
    /// knows nothing of it.
    member _.Arrive(receiver: NodeRun voption, flight: Flight) : HostAddress voption =
        let local =
            match receiver with
            | ValueNone -> ValueNone
            | ValueSome node when node.IsStopped -> ValueNone
            | ValueSome node ->
                match node.Nat with
                | ValueSome nat -> nat.Inside(agenda.Now, flight.To)
                | ValueNone -> ValueSome flight.To

        if local.IsSome then
            traffic <-
                { traffic with
                    Delivered = traffic.Delivered + 1 }
        else
            suffer flight Fate.Unreachable

        local
