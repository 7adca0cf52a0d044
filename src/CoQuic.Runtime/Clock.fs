namespace CoQuic.Runtime

open System
open System.Diagnostics
open CoQuic.Engine

/// The only place that reads a clock.
[<RequireQualifiedAccess>]
module internal Clock =

    let private ticksPerMicrosecond = Stopwatch.Frequency / 1_000_000L

    /// Now, in microseconds on the process's monotonic clock. Its origin means nothing.
    let now () : TimeUs =
        // A frequency below 1 MHz is unheard of; one that is no multiple of it (Windows counts at 10 MHz) divides as well.
        TimeUs(Stopwatch.GetTimestamp() / ticksPerMicrosecond)

    /// Now, on the calendar: for certificates and tickets.
    let utc () : DateTimeOffset = DateTimeOffset.UtcNow
