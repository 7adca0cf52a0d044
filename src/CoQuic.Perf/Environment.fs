namespace CoQuic.Perf

open System
open System.Globalization

/// What environment variables ask for. They are the runner's, so that one script drives every implementation.
[<RequireQualifiedAccess>]
module Environment =
    /// A switch is on when it is set, not empty, and not 0.
    let private isOn lookUp name =
        match lookUp name with
        | None
        | Some ""
        | Some "0" -> false
        | Some _ -> true

    let private milliseconds (text: string) =
        match UInt32.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
        | true, 0u
        | false, _ -> None
        | true, value -> Some(TimeSpan.FromMilliseconds(float value))

    /// When a server ends by itself, from a function that looks variables up.
    let serverExit (lookUp: string -> string option) : ServerExit =
        { After = lookUp "COQUIC_PERF_SERVER_EXIT_AFTER_MS" |> Option.bind milliseconds
          WhenIdleAndEmpty = isOn lookUp "COQUIC_PERF_SERVER_EXIT_ON_IDLE_EMPTY"
          WhenSessionsComplete = isOn lookUp "COQUIC_PERF_SERVER_EXIT_ON_SESSION_COMPLETE" }

    /// Whether the program tells, in the end, what it has allocated.
    let tellsProfile (lookUp: string -> string option) : bool = isOn lookUp "COQUIC_SEND_PROFILE"

    /// Whether datagrams may go out in runs by segmentation offload.
    let allowsOffload (lookUp: string -> string option) : bool =
        not (isOn lookUp "COQUIC_DISABLE_UDP_GSO")
