/// Whatever is changed on the way, the handshake does not complete; whatever arrives, nothing throws.
module CoQuic.Engine.Tests.Tls.TamperingTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties
open CoQuic.Engine.Tests.Tls.Messages
open CoQuic.Engine.Tests.Tls.Pair

let private flip bit (data: byte array) =
    set (bit / 8) (data[bit / 8] ^^^ (1uy <<< (bit % 8))) data

/// An honest run with fixed seeds: what each side sends at each level.
let private recorded =
    lazy
        (let outcome =
            run { client with Entropy = Seeded 20 } { server with Entropy = Seeded 21 }

         let sent events =
             events
             |> List.choose (fun (event: TlsEvent) ->
                 match event with
                 | :? TlsEvent.HandshakeBytes as sent -> Some(sent.Level, sent.Data.ToArray())
                 | _ -> None)

         sent outcome.ClientEvents, sent outcome.ServerEvents)

let private feedAll (session: TlsSession) flights =
    let mutable error = None

    for level, data: byte array in flights do
        if error.IsNone then
            error <- session.OnCryptoData(level, ReadOnlySpan data) |> Option.ofObj

    error

/// Plays the recorded server to a client of the same seed.
let private replayToClient change =
    use session = clientSession { client with Entropy = Seeded 20 }
    session.Start()

    let error =
        snd recorded.Value
        |> List.map (fun (level, data) -> level, (messages data |> List.map change |> Array.concat))
        |> feedAll session

    session.IsHandshakeComplete, error

/// Plays the recorded client to a server of the same seed.
let private replayToServer change =
    use session = serverSession { server with Entropy = Seeded 21 }

    let error =
        fst recorded.Value
        |> List.map (fun (level, data) -> level, (messages data |> List.map change |> Array.concat))
        |> feedAll session

    session.IsHandshakeComplete, error

let private expectEveryFlipRefused replay kind =
    let size =
        fst recorded.Value @ snd recorded.Value
        |> List.collect (snd >> messages)
        |> List.find (fun each -> kindOf each = kind)
        |> Array.length

    for bit in 0 .. 8 * size - 1 do
        let isComplete, error =
            replay (fun each -> if kindOf each = kind then flip bit each else each)

        Expect.isFalse isComplete $"bit {bit}"

        // A flip in the length may leave the message incomplete, which is an error only when data is over.
        if bit >= 32 then
            Expect.isSome error $"bit {bit}"

let private levels =
    [| EncryptionLevel.Initial
       EncryptionLevel.ZeroRtt
       EncryptionLevel.Handshake
       EncryptionLevel.OneRtt |]

[<Tests>]
let tests =
    testList
        "TLS tampering"
        [ testCase "the replays complete when nothing is changed"
          <| fun () ->
              Expect.equal (replayToClient id) (true, None) "the client"
              Expect.equal (replayToServer id) (true, None) "the server"

          testCase "every flipped bit of a CertificateVerify is refused"
          <| fun () -> expectEveryFlipRefused replayToClient HandshakeType.CertificateVerify

          testCase "every flipped bit of the server's Finished is refused"
          <| fun () -> expectEveryFlipRefused replayToClient HandshakeType.Finished

          testCase "every flipped bit of the client's Finished is refused"
          <| fun () -> expectEveryFlipRefused replayToServer HandshakeType.Finished

          rareProperty 4 "one flipped bit anywhere in the server's messages, and the client does not complete"
          <| fun (position: uint32) ->
              let flights = snd recorded.Value
              let total = flights |> List.sumBy (fun (_, data) -> 8 * data.Length)
              let bit = int (position * 2654435761u % uint32 total)
              let size = 8 * (snd flights.Head).Length

              let changed =
                  flights
                  |> List.mapi (fun index (level, data) ->
                      match index with
                      | 0 when bit < size -> level, flip bit data
                      | 1 when bit >= size -> level, flip (bit - size) data
                      | _ -> level, data)

              use session = clientSession { client with Entropy = Seeded 20 }
              session.Start()
              feedAll session changed |> ignore
              not session.IsHandshakeComplete

          property "noise at any level never throws, nor completes anything"
          <| fun (isServer: bool) (pieces: (byte * byte array) list) ->
              use session: TlsSession =
                  if isServer then
                      serverSession server
                  else
                      let session = clientSession client
                      session.Start()
                      session

              for level, data in pieces do
                  session.OnCryptoData(levels[int level % levels.Length], ReadOnlySpan data)
                  |> ignore

              not session.IsHandshakeComplete

          property "messages with a noisy body never throw, nor complete anything"
          <| fun (isServer: bool) (pieces: (byte * byte array) list) ->
              use session: TlsSession =
                  if isServer then
                      serverSession server
                  else
                      let session = clientSession client
                      session.Start()
                      session

              for kind, body in pieces do
                  session.OnCryptoData(
                      session.ReadLevel,
                      ReadOnlySpan(message (LanguagePrimitives.EnumOfValue(kind % 25uy)) body)
                  )
                  |> ignore

              not session.IsHandshakeComplete

          rareProperty 4 "noise over part of each message never throws, and completes nothing unless nothing changed"
          <| fun (isServer: bool) (at: uint16) (noise: byte array) ->
              let replay = if isServer then replayToServer else replayToClient
              let mutable isChanged = false

              let overwrite (original: byte array) =
                  let copy = Array.copy original
                  let start = 4 + int at % (copy.Length - 4)
                  Array.blit noise 0 copy start (min noise.Length (copy.Length - start))
                  isChanged <- isChanged || copy <> original
                  copy

              let isComplete, _ = replay overwrite
              isComplete <> isChanged ]
