/// How a side tells the process that started it of a transfer: one line on standard output.
module CoQuic.Demo.Line

open System
open System.Globalization

/// One transfer as one side saw it.
type Told =
    {
        Errand: Errand
        Bytes: uint64
        Elapsed: TimeSpan
        Handshake: TimeSpan
        /// Lower-case hexadecimal.
        Sha256: string
    }

let private name errand =
    match errand with
    | Errand.SendFile -> "sent"
    | Errand.ReceiveFile -> "received"

let write (success: Success) =
    let transfer = success.Transfer
    let ticks (time: TimeSpan) = time.Ticks

    $"{name success.Errand} {transfer.Header.Length} {ticks transfer.Elapsed} {ticks success.Handshake} {transfer.Sha256.ToHex()}"

let private number (text: string) =
    match UInt64.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
    | true, value -> Some value
    | false, _ -> None

/// None for a line that says something else.
let tryRead (line: string) =
    let told errand bytes elapsed handshake sha256 =
        match number bytes, number elapsed, number handshake with
        | Some bytes, Some elapsed, Some handshake ->
            Some
                { Errand = errand
                  Bytes = bytes
                  Elapsed = TimeSpan.FromTicks(int64 elapsed)
                  Handshake = TimeSpan.FromTicks(int64 handshake)
                  Sha256 = sha256 }
        | _ -> None

    match line.Split ' ' with
    | [| "sent"; bytes; elapsed; handshake; sha256 |] -> told Errand.SendFile bytes elapsed handshake sha256
    | [| "received"; bytes; elapsed; handshake; sha256 |] -> told Errand.ReceiveFile bytes elapsed handshake sha256
    | _ -> None
