/// What a row of the benchmark's table is about, and what its rounds amount to.
module CoQuic.Build.BenchRow

open System

/// What one process of a run cost.
type Cost =
    {
        /// Processor seconds, user and system, from its start to its end.
        CpuSeconds: float
        /// The peak of its resident memory, in MiB.
        PeakMib: float
        /// Bytes that its heap gave out; none where it does not tell.
        Allocated: float option
    }

/// How long requests took, in microseconds.
type Latency = { P50: float; P99: float }

/// What one run did.
type Outcome =
    { Rate: float
      Client: Cost
      Server: Cost
      Latency: Latency option }

/// What a run moves, where it moves so much that cost by the byte can be told.
type Transfer =
    {
        Bytes: int64
        /// Of UDP payload.
        DatagramSize: int
    }

type Row =
    {
        Name: string
        Unit: string
        /// The row that says what this machine could do at most.
        Ceiling: string option
        Transfer: Transfer option
        /// A run a round.
        Outcomes: Outcome list
        /// Why the other rounds have no outcome.
        Failures: string list
    }

/// Figures by row and name.
type Figures = Map<string * string, float>

/// Bytes of a full datagram that are no stream data: header and tag of its packet, and the header of the frame.
let private overhead = 38

let median values =
    let sorted = List.sort values
    let middle = sorted.Length / 2

    if sorted.Length % 2 = 1 then
        sorted[middle]
    else
        (sorted[middle - 1] + sorted[middle]) / 2.0

/// The median of what the rounds have; none when no round has it.
let private over (row: Row) choose =
    match List.choose choose row.Outcomes with
    | [] -> None
    | values -> Some(median values)

let rate row =
    over row (fun outcome -> Some outcome.Rate)

/// The range of the rates in percent of their median.
let private spread row =
    let rates = row.Outcomes |> List.map _.Rate

    rate row
    |> Option.map (fun middle -> 100.0 * (List.max rates - List.min rates) / middle)

/// What one side of a transfer costs: processor time by the byte, and by the datagram what is allocated beyond its own bytes.
let private costOfTransfer row transfer side (cost: Outcome -> Cost) =
    let gigabytes = float transfer.Bytes / 1e9
    let datagrams = float transfer.Bytes / float (transfer.DatagramSize - overhead)

    let beyond allocated =
        allocated / datagrams - float transfer.DatagramSize

    [ $"cpu_s_per_gb_{side}", over row (fun outcome -> Some((cost outcome).CpuSeconds / gigabytes))
      $"bytes_per_datagram_{side}", over row (fun outcome -> (cost outcome).Allocated |> Option.map beyond) ]

let private peak row side (cost: Outcome -> Cost) =
    let known outcome =
        Some (cost outcome).PeakMib |> Option.filter (fun mib -> mib > 0.0)

    $"peak_mib_{side}", over row known

let private latencies row =
    let latency choose =
        over row (fun outcome -> outcome.Latency |> Option.map choose)

    [ "p50_us", latency _.P50
      "p99_us", latency _.P99
      // A request of less than a microsecond has taken one: the clock is no finer.
      "p99_by_p50", latency (fun latency -> latency.P99 / max 1.0 latency.P50) ]

/// A row's figures in the order of the table; `ceiling` is the rate of the row that it names.
let private figuresOf ceiling row =
    let sides = [ "server", _.Server; "client", _.Client ]

    [ "rate", rate row
      "spread_percent", spread row
      "of_ceiling_percent", Option.map2 (fun rate ceiling -> 100.0 * rate / ceiling) (rate row) ceiling
      for side, cost in sides do
          match row.Transfer with
          | Some transfer -> yield! costOfTransfer row transfer side cost
          | None -> ()

          peak row side cost
      yield! latencies row ]
    |> List.choose (fun (name, value) -> value |> Option.map (fun value -> name, Math.Round(value, 3)))

/// All figures of all rows.
let figures (rows: Row list) : Figures =
    let ceiling row =
        row.Ceiling
        |> Option.bind (fun name -> rows |> List.tryFind (fun row -> row.Name = name))
        |> Option.bind rate

    Map
        [ for row in rows do
              for name, value in figuresOf (ceiling row) row do
                  (row.Name, name), value ]
