namespace CoQuic.Runtime

open System.Runtime.ExceptionServices
open System.Threading.Tasks

/// The same operations for F#: what can go wrong is a value.
[<RequireQualifiedAccess>]
module internal Attempt =

    /// Our own exceptions as errors. Cancellation and mistakes of the caller stay exceptions.
    let run (operation: unit -> Task<'value>) : Task<Result<'value, RuntimeError>> =
        task {
            try
                let! value = operation ()
                return Ok value
            with error ->
                match QuicExceptions.toError error with
                | ValueSome known -> return Error known
                | ValueNone ->
                    ExceptionDispatchInfo.Throw error
                    return Error(RuntimeError.Crashed error)
        }

    /// The value, or the error as an exception.
    let get (result: Result<'value, RuntimeError>) : 'value =
        match result with
        | Ok value -> value
        | Error error -> raise (QuicExceptions.ofError error)
