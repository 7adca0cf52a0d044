/// Session tickets and resumption (RFC 8446 §2.2, §4.2.11, §4.6.1), and what it takes for early data to be accepted (§4.2.10, §8).
module CoQuic.Engine.Tests.Tls.ResumptionTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Tls.Pair

let private keys fill =
    SealingKeys(Current = Bytes.CopyOf(ReadOnlySpan(Array.create SealingKeys.KeyLength fill)))

let private limits = TransportParameters(InitialMaxData = 1000UL)

let everyReplay =
    { new IReplayGuard with
        member _.TryClaim(_, _, _, _) = true }

let policy =
    EarlyDataPolicy(
        IsAllowed = true,
        IsStrict = false,
        ApplicationContext = bytes [ 9uy ],
        Parameters = limits,
        ReplayGuard = everyReplay
    )

let resumption (policy: EarlyDataPolicy) =
    ServerResumption(
        Sealer = new StateSealer(keys 1uy, Seeded 4),
        Entropy = Seeded 5,
        Version = QuicVersion.V1,
        Time = midYear,
        Lifetime = TimeSpan.FromHours 1.0,
        Count = 2,
        EarlyData = policy
    )

/// A server that resumes sessions. Each is another one, since tests run beside each other and a sealer serves one thread.
let resuming () =
    { server with
        Resumption = Some(resumption policy) }

/// The settings with resumption by other keys, of another version, or at another time.
let private resumingWith sealer version time settings =
    { settings with
        Time = time
        Resumption =
            settings.Resumption
            |> Option.map (fun usual ->
                ServerResumption(
                    Sealer = (sealer |> Option.defaultValue usual.Sealer),
                    Entropy = usual.Entropy,
                    Version = version,
                    Time = time,
                    Lifetime = usual.Lifetime,
                    Count = usual.Count,
                    EarlyData = usual.EarlyData
                )) }

let private after seconds settings =
    resumingWith None QuicVersion.V1 (midYear + TimeSpan.FromSeconds(float seconds)) settings

/// The server issues its tickets, and the client takes them in.
let private exchangeTickets outcome =
    outcome.Server.IssueTickets midYear

    for event in drain outcome.Server do
        match event with
        | :? TlsEvent.HandshakeBytes as sent ->
            Expect.isNull (outcome.Client.OnCryptoData(sent.Level, sent.Data.Span)) "the tickets are in order"
        | _ -> ()

    drain outcome.Client
    |> List.choose (fun event ->
        match event with
        | :? TlsEvent.SessionTicketReceived as received -> Some received
        | _ -> None)

/// What a client makes of a ticket that it has had for so many seconds.
let sessionOf (ageMs: uint32) early outcome (received: TlsEvent.SessionTicketReceived) =
    SessionToResume(
        Ticket = received.Ticket.Ticket,
        Key = received.Key,
        CipherSuite = outcome.Client.CipherSuite,
        ApplicationProtocol = nonNull outcome.Client.ApplicationProtocol,
        ObfuscatedTicketAge = received.Ticket.AgeAdd + ageMs,
        OffersEarlyData = early
    )

/// A first session of these two, and what the client can go on with.
let firstSession client server ageMs early =
    let outcome = run client server
    Expect.isTrue (isComplete outcome) "the first session"
    exchangeTickets outcome |> List.map (sessionOf ageMs early outcome)

/// A second session with the first ticket of a first one.
let private resumed early change =
    let session = firstSession client (resuming ()) 5_000u early |> List.head

    let nextClient, nextServer =
        change { client with Session = Some session } (resuming ())

    run nextClient (after 5 nextServer)

let private unchanged client server = client, server

let private answers outcome =
    outcome.ClientEvents
    |> List.choose (fun event ->
        match event with
        | :? TlsEvent.EarlyDataAnswered as answer -> Some answer.IsAccepted
        | _ -> None)

let private withPolicy policy settings =
    { settings with
        Resumption = Some(resumption policy) }

/// A policy that differs from the usual one.
let private policyWith
    (change: (bool -> bool -> Bytes -> TransportParameters -> IReplayGuard -> EarlyDataPolicy) -> EarlyDataPolicy)
    =
    change (fun allowed strict context parameters guard ->
        EarlyDataPolicy(
            IsAllowed = allowed,
            IsStrict = strict,
            ApplicationContext = context,
            Parameters = parameters,
            ReplayGuard = guard
        ))

[<Tests>]
let tests =
    testList
        "TLS resumption"
        [ testCase "a server issues as many tickets as it is told, each with a key of its own"
          <| fun () ->
              let outcome = run client (resuming ())
              let tickets = exchangeTickets outcome
              Expect.equal tickets.Length 2 "two tickets"
              Expect.notEqual tickets[0].Key tickets[1].Key "two keys"
              Expect.notEqual tickets[0].Ticket.Nonce tickets[1].Ticket.Nonce "two nonces"

              for ticket in tickets do
                  Expect.equal ticket.Ticket.LifetimeSeconds 3600u "its lifetime"
                  Expect.isTrue ticket.Ticket.AllowsEarlyData "early data is promised"

          testCase "without psk_dhe_ke nobody gets a ticket (RFC 8446 §4.2.9)"
          <| fun () ->
              let wire =
                  Messages.editing
                      Role.Client
                      HandshakeType.ClientHello
                      (Messages.mapExtensions (
                          Messages.replacing ExtensionType.PskKeyExchangeModes (Messages.vector8 [| 0uy |])
                      ))

              let outcome = runOver wire (clientSession client) (serverSession (resuming ()))
              drain outcome.Server |> ignore
              outcome.Server.IssueTickets midYear
              Expect.isEmpty (drain outcome.Server) "no ticket"

          testCase "a session is resumed without a certificate, and both sides agree on every secret"
          <| fun () ->
              let outcome = resumed false unchanged
              Expect.isTrue (isComplete outcome) "complete"
              Expect.isTrue (outcome.Client.WasResumed && outcome.Server.WasResumed) "resumed"
              Expect.isEmpty outcome.Client.PeerCertificates "no certificate"

              for level in [ EncryptionLevel.Handshake; EncryptionLevel.OneRtt ] do
                  let client, server = secrets outcome.ClientEvents, secrets outcome.ServerEvents
                  Expect.equal client[level, KeyDirection.Read] server[level, KeyDirection.Write] $"{level}, down"
                  Expect.equal client[level, KeyDirection.Write] server[level, KeyDirection.Read] $"{level}, up"

          testCase "a resumed session gives tickets that resume again"
          <| fun () ->
              let second = resumed false unchanged
              let session = exchangeTickets second |> List.head |> sessionOf 1_000u true second
              let third = run { client with Session = Some session } (after 1 (resuming ()))
              Expect.isTrue (isComplete third && third.Client.WasResumed) "resumed again"

          testCase "early data is accepted, and both sides have its secret before anything else (RFC 9001 §4.6)"
          <| fun () ->
              let outcome = resumed true unchanged
              Expect.isTrue (isComplete outcome) "complete"
              Expect.equal (answers outcome) [ true ] "the answer, once"
              let sent, opened = secrets outcome.ClientEvents, secrets outcome.ServerEvents
              let key = EncryptionLevel.ZeroRtt
              Expect.equal sent[key, KeyDirection.Write] opened[key, KeyDirection.Read] "the secret"

              Expect.equal
                  (outcome.ServerEvents |> List.map word |> List.truncate 2)
                  [ "PeerTransportParameters"; "ZeroRtt Read" ]
                  "the server opens early data under the limits that it knows"

          testCase "a session that does not offer early data hears no answer"
          <| fun () -> Expect.isEmpty (answers (resumed false unchanged)) "no event"

          testCase "with every cipher suite the key schedule of both sides is one"
          <| fun () ->
              for suite in client.Suites do
                  let only = { client with Suites = [ suite ] }
                  let session = firstSession only (resuming ()) 5_000u true |> List.head
                  let outcome = run { only with Session = Some session } (after 5 (resuming ()))
                  Expect.isTrue (isComplete outcome && outcome.Server.WasResumed) $"{suite}"
                  Expect.equal (answers outcome) [ true ] $"{suite}, early data"

          testCase "the key log tells the early secret too"
          <| fun () ->
              let outcome =
                  resumed true (fun client server -> { client with KeyLog = true }, { server with KeyLog = true })

              for events in [ outcome.ClientEvents; outcome.ServerEvents ] do
                  let labels =
                      events
                      |> List.choose (fun event ->
                          match event with
                          | :? TlsEvent.KeyLog as line -> Some line.Label
                          | _ -> None)

                  Expect.contains labels "CLIENT_EARLY_TRAFFIC_SECRET" "the label" ]

/// A change of the second session after which it begins anew.
let private notResumed =
    [ "the ticket was sealed by a key that is gone",
      fun client server ->
          client, resumingWith (Some(new StateSealer(keys 2uy, Seeded 4))) QuicVersion.V1 server.Time server
      "the ticket is over (RFC 8446 §4.6.1)", fun client server -> client, after 3_700 server
      "the ticket is of another version of QUIC (RFC 9369 §5)",
      fun client server -> client, resumingWith None QuicVersion.V2 server.Time server
      "the client asks for another name",
      fun client server ->
          { client with
              ServerName = "other.example" },
          server
      "the hash of the cipher suite is another (RFC 8446 §4.2.11)",
      fun client server ->
          client,
          { server with
              Suites = [ CipherSuite.Aes256GcmSha384 ] }
      "the server resumes nothing", fun client server -> client, { server with Resumption = None } ]

/// A change of the second session after which it is resumed without early data.
let private withoutEarlyData =
    [ "the policy does not allow it",
      fun client server ->
          client, withPolicy (policyWith (fun p -> p false false (bytes [ 9uy ]) limits everyReplay)) server
      "the application context differs",
      fun client server ->
          client, withPolicy (policyWith (fun p -> p true false (bytes [ 8uy ]) limits everyReplay)) server
      "a transport parameter is lower (RFC 9000 §7.4.1)",
      fun client server ->
          client,
          withPolicy
              (policyWith (fun p ->
                  p true false (bytes [ 9uy ]) (TransportParameters(InitialMaxData = 999UL)) everyReplay))
              server
      "a transport parameter is another, and the policy is strict",
      fun client server ->
          client,
          withPolicy
              (policyWith (fun p ->
                  p true true (bytes [ 9uy ]) (TransportParameters(InitialMaxData = 1001UL)) everyReplay))
              server
      "the replay guard refuses",
      fun client server ->
          let never =
              { new IReplayGuard with
                  member _.TryClaim(_, _, _, _) = false }

          client, withPolicy (policyWith (fun p -> p true false (bytes [ 9uy ]) limits never)) server
      "the server chooses another application protocol (RFC 8446 §4.2.10)",
      fun client server ->
          { client with
              Protocols = [ "hq-interop"; "h3" ] },
          server
      "the cipher suite is another of the same hash (RFC 8446 §4.2.10)",
      fun client server ->
          client,
          { server with
              Suites = [ CipherSuite.ChaCha20Poly1305Sha256 ] }
      "the ClientHello was sent long ago (RFC 8446 §8.3)", fun client server -> client, after 60 server
      "a HelloRetryRequest was needed (RFC 8446 §4.2.10)",
      fun client server ->
          client,
          { server with
              Groups = [ NamedGroup.Secp256r1 ] } ]

[<Tests>]
let refusals =
    testList
        "TLS resumption: refused"
        [ for reason, change in notResumed do
              testCase $"the handshake begins anew, and completes, when {reason}"
              <| fun () ->
                  let session = firstSession client (resuming ()) 5_000u true |> List.head

                  let nextClient, nextServer =
                      change { client with Session = Some session } (after 5 (resuming ()))

                  let outcome = run nextClient nextServer
                  Expect.isTrue (isComplete outcome) $"complete: {outcome.Error}"
                  Expect.isFalse (outcome.Client.WasResumed || outcome.Server.WasResumed) "not resumed"
                  Expect.isNonEmpty outcome.Client.PeerCertificates "a certificate"
                  Expect.equal (answers outcome) [ false ] "early data is refused"

          for reason, change in withoutEarlyData do
              testCase $"the session is resumed, and early data refused, when {reason}"
              <| fun () ->
                  let session = firstSession client (resuming ()) 5_000u true |> List.head

                  let nextClient, nextServer =
                      change { client with Session = Some session } (resuming ())

                  let nextServer =
                      if nextServer.Time = midYear then
                          after 5 nextServer
                      else
                          nextServer

                  let outcome = run nextClient nextServer
                  Expect.isTrue (isComplete outcome) $"complete: {outcome.Error}"
                  Expect.isTrue (outcome.Client.WasResumed && outcome.Server.WasResumed) "resumed"
                  Expect.equal (answers outcome) [ false ] "early data is refused"

                  Expect.isFalse
                      ((secrets outcome.ServerEvents).ContainsKey(EncryptionLevel.ZeroRtt, KeyDirection.Read))
                      "no key for it"

          testCase "a parameter that is higher refuses nothing where the policy is not strict"
          <| fun () ->
              let outcome =
                  resumed true (fun client server ->
                      client,
                      withPolicy
                          (policyWith (fun p ->
                              p true false (bytes [ 9uy ]) (TransportParameters(InitialMaxData = 1001UL)) everyReplay))
                          server)

              Expect.equal (answers outcome) [ true ] "accepted"

          testCase "early data replayed is refused, and the handshake goes on (RFC 8446 §8)"
          <| fun () ->
              let guard = ReplayGuard(8, DateTimeOffset.MinValue)

              let guarded =
                  withPolicy (policyWith (fun p -> p true false (bytes [ 9uy ]) limits guard)) (resuming ())

              let session = firstSession client guarded 5_000u true |> List.head

              let again () =
                  run { client with Session = Some session } (after 5 guarded)

              Expect.equal (answers (again ())) [ true ] "the first time"
              let second = again ()
              Expect.equal (answers second) [ false ] "the second time"
              Expect.isTrue (isComplete second && second.Client.WasResumed) "resumed all the same"

          testCase "a key of another hash is dropped after a HelloRetryRequest, and one that fits is bound anew"
          <| fun () ->
              let session = firstSession client (resuming ()) 5_000u false |> List.head

              for suites, isResumed in [ client.Suites, true; [ CipherSuite.Aes256GcmSha384 ], false ] do
                  let outcome =
                      run
                          { client with Session = Some session }
                          { after 5 (resuming ()) with
                              Groups = [ NamedGroup.Secp256r1 ]
                              Suites = suites }

                  Expect.isTrue (isComplete outcome) $"complete: {outcome.Error}"
                  Expect.equal outcome.Server.WasResumed isResumed $"{suites}" ]

[<Tests>]
let clearing =
    testList
        "TLS resumption: secrets"
        [ testCase "what is not used any more is zeroed"
          <| fun () ->
              let schedule =
                  new KeySchedule(System.Security.Cryptography.HashAlgorithmName.SHA256, ReadOnlySpan [| 1uy |])

              let view = schedule.Secret.ToArray()
              Expect.exists view (fun b -> b <> 0uy) "a secret"
              schedule.Dispose()
              Expect.all (schedule.Secret.ToArray()) (fun b -> b = 0uy) "cleared"

          testCase "a resumption that the server does not take is cleared"
          <| fun () ->
              let session = firstSession client (resuming ()) 0u false |> List.head
              let resumption = new ClientResumption(session)
              let schedule = resumption.Schedule
              resumption.Dispose()
              Expect.all (schedule.Secret.ToArray()) (fun b -> b = 0uy) "cleared"

          testCase "packet keys clear the secret that they derive from"
          <| fun () ->
              let secret = Array.create 32 7uy

              let event =
                  TlsEvent.SecretsAvailable(
                      EncryptionLevel.ZeroRtt,
                      KeyDirection.Write,
                      CipherSuite.Aes128GcmSha256,
                      Bytes.Wrap(ReadOnlyMemory secret)
                  )

              let id = ConnectionId.Empty
              use keys = new ConnectionKeys(InitialKeys.Derive(QuicVersion.V1, &id, Role.Client))
              keys.Install(QuicVersion.V1, event)
              Expect.isTrue (keys.CanSend EncryptionLevel.ZeroRtt) "installed"
              Expect.all secret (fun b -> b = 0uy) "cleared"

          testCase "neither keys nor tickets' keys are printed"
          <| fun () ->
              let outcome = run client (resuming ())

              for ticket in exchangeTickets outcome do
                  let hex = Convert.ToHexString(ticket.Key.Span)[..15]
                  Expect.isFalse ($"{ticket}".Contains(hex, StringComparison.OrdinalIgnoreCase)) "the event"

                  Expect.isFalse
                      ($"{sessionOf 0u false outcome ticket}".Contains(hex, StringComparison.OrdinalIgnoreCase))
                      "the session" ]
