/// Values of options, read from text: none where a text is no such value.
module CoQuic.Peers.Values

open System
open System.Globalization
open System.Net
open CoQuic.FSharp

let number (text: string) : int option =
    match Int32.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
    | true, number -> Some number
    | false, _ -> None

let port (text: string) : int option =
    number text |> Option.filter (fun port -> port <= int UInt16.MaxValue)

/// A probability from a percentage.
let percent (text: string) : float option =
    match Double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) with
    | true, percent when percent <= 100.0 -> Some(percent / 100.0)
    | _ -> None

/// An address with its port: without one, it would be the port 0.
let endPoint (text: string) : IPEndPoint option =
    match IPEndPoint.TryParse text with
    | true, NonNull endPoint when endPoint.Port > 0 -> Some endPoint
    | _ -> None

/// Names between commas, each known and none twice.
let private named (known: (string * 'value) list) (text: string) =
    let values =
        text.Split ','
        |> List.ofArray
        |> List.map (fun name -> List.tryFind (fst >> (=) name) known)

    if List.contains None values || List.distinct values <> values then
        None
    else
        values |> List.choose (Option.map snd) |> Some

let versions (text: string) : QuicVersion list option =
    named [ "v1", QuicVersion.V1; "v2", QuicVersion.V2 ] text

let private knownCiphers =
    [ "aes128", CipherSuite.Aes128GcmSha256
      "aes256", CipherSuite.Aes256GcmSha384
      "chacha20", CipherSuite.ChaCha20Poly1305Sha256 ]

let ciphers (text: string) : CipherSuite list option = named knownCiphers text

let private knownControllers =
    [ "newreno", CongestionControl.NewReno
      "cubic", CongestionControl.Cubic
      "bbr", CongestionControl.Bbr
      "copa", CongestionControl.Copa
      "pcc", CongestionControl.Pcc
      "pcc-vivace", CongestionControl.PccVivace ]

let controller (text: string) : CongestionControl option =
    named knownControllers text
    |> Option.filter (List.length >> (=) 1)
    |> Option.map List.head

let private listed known = String.Join(", ", List.map fst known)

/// What options may name.
let cipherNames = listed knownCiphers

let controllerNames = listed knownControllers
