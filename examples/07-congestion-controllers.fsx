// How congestion controllers get on with one network: a table, and a chart as SVG. Everything is simulated, and the seeds make it
// the same each time. Once: dotnet fsi build.fsx build. Then: dotnet fsi examples/07-congestion-controllers.fsx
#load "../artifacts/CoQuic.fsx"

open System
open System.IO
open CoQuic.FSharp

let bytes = 1_000_000
let seeds = [ 1UL .. 3UL ]
let delays = [ 5.0; 25.0; 60.0 ]
let losses = [ 0.0; 0.01 ]
let identity = ServerIdentity.simulated 1UL "server"

/// Sends the bytes on a stream of its own to whoever connects.
let source: Program<unit, unit> =
    let payload = Bytes.ofArray (Array.zeroCreate bytes)

    { Init = (), []
      Update =
        fun _ event () ->
            match event with
            | Network(Signal.HandshakeReady(connection, _)) ->
                (), [ Command.OpenStream(connection, StreamKind.Unidirectional, 1) ]
            | Network(Signal.StreamOpened(_, connection, stream)) -> (), [ Command.sendLast connection stream payload ]
            | Network(Signal.Closed _) -> (), [ Command.Stop ]
            | Network _
            | Message() -> (), [] }

/// Takes one stream in; its model is when that ended.
let sink: Program<TimeUs option, unit> =
    { Init = None, [ Command.connect 1 "server" 443 ]
      Update =
        fun now event finished ->
            match event with
            | Network(Signal.StreamData data) when data.Fin ->
                Some now, [ Command.close data.Connection 0UL "done"; Command.Stop ]
            | Network(Signal.Closed _) -> finished, [ Command.Stop ]
            | Network _
            | Message() -> finished, [] }

let client =
    EndpointConfig.client "bulk" |> EndpointConfig.verifiedBy (Trust.only identity)

let serverWith control =
    { EndpointConfig.server "bulk" identity with
        Transport.CongestionControl = control }

/// Mbit/s through a network of this delay each way and this loss, on average over the seeds.
let rate control (delay: float) loss =
    let link =
        Link.ideal |> Link.delay (TimeSpan.FromMilliseconds delay) |> Link.loss loss

    let run seed =
        let receiver = Node.create "client" client sink

        Simulation.create seed [ receiver; Node.create "server" (serverWith control) source ]
        |> Simulation.over link
        |> Simulation.run
        |> function
            | Ok report ->
                match Report.model receiver report with
                | Some at -> float bytes * 8.0 / 1e6 / (at - TimeUs.zero).TotalSeconds
                | None -> 0.0
            | Error error -> failwith $"{error}"

    List.averageBy run seeds

/// Those that this version has.
let controllers =
    Enum.GetValues<CongestionControl>()
    |> Array.filter (fun control -> EndpointConfig.faults (serverWith control) |> List.isEmpty)
    |> List.ofArray

let networks = List.allPairs delays losses

let rates =
    [ for control in controllers -> control, [ for delay, loss in networks -> rate control delay loss ] ]

// The table.
let title (delay: float, loss: float) = $"{delay} ms, {loss * 100.0} %%"
printfn $"Mbit/s for {bytes} bytes, by delay each way and loss:\n"
printfn "%-10s%s" "" (String.Join("", [ for network in networks -> (title network).PadLeft 13 ]))

for control, figures in rates do
    printfn
        "%-10s%s"
        (string control)
        (String.Join("", [ for figure in figures -> (figure.ToString "0.0").PadLeft 13 ]))

// The chart: a group of bars a network.
let colours = [ "#4477aa"; "#ee6677"; "#228833"; "#ccbb44"; "#66ccee"; "#aa3377" ]
let barWidth, height = 18, 200
let groupWidth = barWidth * controllers.Length + 40

let bar group index (figure: float) =
    let highest =
        rates |> List.map (fun (_, figures) -> List.item group figures) |> List.max

    let size = int (figure / highest * float height)
    let x = 20 + group * groupWidth + index * barWidth
    $"""<rect x="{x}" y="{20 + height - size}" width="{barWidth - 2}" height="{size}" fill="{List.item index colours}"><title>{fst (List.item index rates)}: {figure:F1} Mbit/s</title></rect>"""

let label group network =
    $"""<text x="{20 + group * groupWidth}" y="{height + 36}">{title network}</text>"""

let legend index control =
    $"""<text x="{20 + index * 90}" y="{height + 60}" fill="{List.item index colours}">{control}</text>"""

let svg =
    [ $"""<svg xmlns="http://www.w3.org/2000/svg" width="{groupWidth * networks.Length + 40}" height="{height + 80}" font-family="sans-serif" font-size="12">"""
      for group, network in List.indexed networks do
          for index, (_, figures) in List.indexed rates do
              bar group index (List.item group figures)

          label group network
      for index, control in List.indexed controllers do
          legend index control
      "</svg>" ]

let path = Path.Combine(Path.GetTempPath(), "coquic-congestion-controllers.svg")
File.WriteAllLines(path, svg)
printfn $"\nThe same as a chart, each network scaled to its best: {path}"
