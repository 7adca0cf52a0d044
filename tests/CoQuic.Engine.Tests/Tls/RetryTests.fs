/// HelloRetryRequest (RFC 8446 §4.1.4), as it should be and as it should not.
module CoQuic.Engine.Tests.Tls.RetryTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Tls.Messages
open CoQuic.Engine.Tests.Tls.Pair

let private p256Server =
    { server with
        Groups = [ NamedGroup.Secp256r1 ] }

let private initialBytes events =
    events
    |> List.choose (fun (event: TlsEvent) ->
        match event with
        | :? TlsEvent.HandshakeBytes as sent when sent.Level = EncryptionLevel.Initial -> Some(sent.Data.ToArray())
        | _ -> None)

/// Runs a retry with the nth message of a kind changed.
let private runEditingNth sender kind nth change =
    let mutable seen = 0

    let editNth original =
        seen <- seen + 1
        if seen = nth then change original else original

    runOver (editing sender kind editNth) (clientSession client) (serverSession p256Server)

let private retry (group: NamedGroup option) (cookie: Bytes option) =
    ServerHello(
        Random = ServerHello.HelloRetryRequestRandom,
        CipherSuite = CipherSuite.Aes128GcmSha256,
        SelectedGroup = Option.toNullable group,
        Cookie = Option.toNullable cookie
    )
        .Encode()

/// A client that has sent its ClientHello, and what it answers to messages of the Initial level.
let private clientAnswering (answers: byte array list) =
    use session = clientSession client
    session.Start()

    let faults =
        [ for answer in answers do
              session.OnCryptoData(EncryptionLevel.Initial, ReadOnlySpan answer)
              |> Option.ofObj ]

    let events =
        [ let mutable more = true

          while more do
              match session.TryGetEvent() with
              | true, (NonNull event) -> event
              | _ -> more <- false ]

    initialBytes events, List.last faults

let private faultOf answers =
    clientAnswering answers
    |> snd
    |> Option.map (fun error ->
        LanguagePrimitives.EnumOfValue<byte, AlertDescription>(byte (uint64 error.Code &&& 0xffUL)))

[<Tests>]
let tests =
    testList
        "TLS HelloRetryRequest"
        [ for suite in client.Suites do
              testCase $"a server that wants another group gets it with a second ClientHello ({suite})"
              <| fun () ->
                  let outcome = run { client with Suites = [ suite ] } p256Server
                  Expect.isNone outcome.Error "no fault"
                  Expect.isTrue (isComplete outcome) "complete"
                  Expect.equal outcome.Client.Group NamedGroup.Secp256r1 "the group that the server wants"

                  Expect.equal
                      (secrets outcome.ClientEvents
                       |> Map.find (EncryptionLevel.OneRtt, KeyDirection.Write))
                      (secrets outcome.ServerEvents
                       |> Map.find (EncryptionLevel.OneRtt, KeyDirection.Read))
                      "both have the same transcript"

          testCase "the second ClientHello is the first but for its key share (RFC 8446 §4.1.2)"
          <| fun () ->
              let outcome = run client p256Server

              match initialBytes outcome.ClientEvents with
              | [ first; second ] ->
                  let fixedPart (hello: byte array) = (bodyOf hello)[..40]

                  Expect.equal (fixedPart second) (fixedPart first) "random, suites"

                  Expect.equal
                      (extensionsOf second |> without ExtensionType.KeyShare)
                      (extensionsOf first |> without ExtensionType.KeyShare)
                      "extensions"

                  Expect.notEqual (extensionsOf second) (extensionsOf first) "another key share"
              | other -> failtest $"two ClientHellos, not {other.Length}"

          testCase "a group that was shared already is preferred to a round trip"
          <| fun () ->
              let outcome =
                  run
                      client
                      { server with
                          Groups = [ NamedGroup.Secp256r1; NamedGroup.X25519 ] }

              Expect.equal outcome.Client.Group NamedGroup.X25519 "no retry"

          testCase "of two shares the server's preference decides, and neither needs a round trip"
          <| fun () ->
              let both =
                  { client with
                      Groups = [ NamedGroup.X25519MlKem768; NamedGroup.X25519; NamedGroup.Secp256r1 ]
                      Shares = [ NamedGroup.X25519MlKem768; NamedGroup.X25519 ] }

              for preferred in [ NamedGroup.X25519; NamedGroup.X25519MlKem768 ] do
                  let outcome =
                      run
                          both
                          { server with
                              Groups = [ preferred; NamedGroup.Secp256r1 ] }

                  Expect.isTrue (isComplete outcome) "complete"
                  Expect.equal outcome.Client.Group preferred "the group"
                  Expect.equal (initialBytes outcome.ClientEvents).Length 1 "one ClientHello"

          testCase "a hybrid group may be asked for, and a client that began with it may be asked for another"
          <| fun () ->
              for mine, theirs in
                  [ NamedGroup.X25519, NamedGroup.X25519MlKem768
                    NamedGroup.X25519MlKem768, NamedGroup.Secp256r1 ] do
                  let outcome =
                      run
                          { client with
                              Groups = [ mine; theirs ] }
                          { server with Groups = [ theirs ] }

                  Expect.isTrue (isComplete outcome) "complete"
                  Expect.equal (outcome.Client.Group, outcome.Server.Group) (theirs, theirs) "the group"
                  Expect.equal (initialBytes outcome.ClientEvents).Length 2 "two ClientHellos"

          testCase "a HelloRetryRequest for the second of two shares is refused too"
          <| fun () ->
              use session =
                  clientSession
                      { client with
                          Shares = [ NamedGroup.X25519; NamedGroup.Secp256r1 ] }

              session.Start()

              let fault =
                  session.OnCryptoData(EncryptionLevel.Initial, ReadOnlySpan(retry (Some NamedGroup.Secp256r1) None))

              Expect.equal
                  (fault |> Option.ofObj |> Option.map _.Code)
                  (Some(TransportErrorCodes.OfAlert(byte AlertDescription.IllegalParameter)))
                  "the alert"

          testCase "a cookie is returned, with a fresh share of the same group when none is asked for"
          <| fun () ->
              match clientAnswering [ retry None (Some(bytes [ 9uy; 8uy ])) ] with
              | [ first; second ], None ->
                  let cookie =
                      extensionsOf second
                      |> List.filter (fun (kind, _) -> kind = int ExtensionType.Cookie)

                  Expect.equal cookie [ int ExtensionType.Cookie, vector16 [| 9uy; 8uy |] ] "the cookie"

                  Expect.equal
                      (extensionsOf second
                       |> without ExtensionType.Cookie
                       |> without ExtensionType.KeyShare)
                      (extensionsOf first |> without ExtensionType.KeyShare)
                      "nothing else is new"
              | hellos, fault -> failtest $"{hellos.Length} ClientHellos and {fault}"

          testCase "a second HelloRetryRequest is unexpected"
          <| fun () ->
              let second = retry None (Some(bytes [ 1uy ]))

              Expect.equal
                  (faultOf [ retry (Some NamedGroup.Secp256r1) None; second ])
                  (Some AlertDescription.UnexpectedMessage)
                  "the alert"

          testCase "a HelloRetryRequest must change something the client can change"
          <| fun () ->
              for group in [ None; Some NamedGroup.X25519; Some(LanguagePrimitives.EnumOfValue 0x0018us) ] do
                  Expect.equal (faultOf [ retry group None ]) (Some AlertDescription.IllegalParameter) $"{group}"

          testCase "after a HelloRetryRequest the cipher suite stays"
          <| fun () ->
              let other (hello: byte array) = set 40 2uy hello
              let outcome = runEditingNth Role.Server HandshakeType.ServerHello 2 other
              Expect.equal (alert outcome) (Some(Role.Client, AlertDescription.IllegalParameter)) "the alert"

          testCase "a second ClientHello may not change its random, its suites or its extensions"
          <| fun () ->
              let changes =
                  [ "random", set 10 0uy
                    "a suite", set 42 4uy
                    "a parameter", mapExtensions (replacing ExtensionType.QuicTransportParameters [| 7uy |])
                    "one extension less", mapExtensions (without ExtensionType.SignatureAlgorithmsCert)
                    "one extension more", mapExtensions (adding 0x2a2a [||])
                    "a cookie that nobody gave", mapExtensions (adding (int ExtensionType.Cookie) (vector16 [| 1uy |])) ]

              for what, change in changes do
                  let outcome = runEditingNth Role.Client HandshakeType.ClientHello 2 change
                  Expect.equal (alert outcome) (Some(Role.Server, AlertDescription.IllegalParameter)) what

          testCase "a second ClientHello must share the group asked for, and no other"
          <| fun () ->
              let share =
                  vector16 (Array.append (word16 (int NamedGroup.X25519)) (vector16 (Array.create 32 9uy)))

              for shares in [ vector16 [||]; share ] do
                  let change = mapExtensions (replacing ExtensionType.KeyShare shares)
                  let outcome = runEditingNth Role.Client HandshakeType.ClientHello 2 change
                  Expect.equal (alert outcome) (Some(Role.Server, AlertDescription.IllegalParameter)) "the alert"

          testCase "a third ClientHello is unexpected"
          <| fun () ->
              let twice: Wire =
                  fun from _ data -> if from = Role.Client then [ data; data ] else [ data ]

              let outcome = runOver twice (clientSession client) (serverSession p256Server)
              Expect.isSome outcome.Error "refused"

          testCase "a client without any share is asked for one"
          <| fun () ->
              let none = mapExtensions (replacing ExtensionType.KeyShare (vector16 [||]))
              let outcome = runEditingNth Role.Client HandshakeType.ClientHello 1 none

              // The transcripts differ now, but the retry itself came.
              Expect.equal (initialBytes outcome.ServerEvents).Length 2 "a HelloRetryRequest and a ServerHello" ]
