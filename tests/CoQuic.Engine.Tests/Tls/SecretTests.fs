/// Secrets are gone from memory when they are of no more use.
module CoQuic.Engine.Tests.Tls.SecretTests

open System
open System.Collections
open System.Collections.Generic
open System.Reflection
open System.Security.Cryptography
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Tls.Pair

let private isZero (bytes: byte array) = Array.forall ((=) 0uy) bytes

let private fields (kind: Type) =
    [ let mutable current: Type | null = kind

      while not (isNull current) do
          yield!
              (nonNull current)
                  .GetFields(
                      BindingFlags.Instance
                      ||| BindingFlags.Public
                      ||| BindingFlags.NonPublic
                      ||| BindingFlags.DeclaredOnly
                  )

          current <- (nonNull current).BaseType ]

/// Whether a value can hold a secret: ours, and collections of ours; what the platform hides in its own is its own business.
let private isLookedInto (kind: Type) =
    kind.Assembly = typeof<TlsSession>.Assembly
    || typeof<IEnumerable>.IsAssignableFrom kind
    || kind = typeof<ReadOnlyMemory<byte>>

/// All arrays of bytes that can be reached from an object by its fields.
let private reachable (root: obj) =
    let seen = HashSet<obj>(ReferenceEqualityComparer.Instance)
    let found = List<byte array>()
    let waiting = Stack<obj>([ root ])

    while waiting.Count > 0 do
        let current = waiting.Pop()
        let kind = current.GetType()

        match current with
        | :? (byte array) as bytes ->
            if seen.Add current then
                found.Add bytes
        | :? string
        | :? Type
        | :? Delegate -> ()
        | :? Array as items when not (kind.GetElementType() |> nonNull).IsPrimitive ->
            if seen.Add current then
                for item in items do
                    match item with
                    | null -> ()
                    | item -> waiting.Push item
        | _ when kind.IsPrimitive || kind.IsEnum || kind.IsPointer -> ()
        | _ when isLookedInto kind && (kind.IsValueType || seen.Add current) ->
            for field in fields kind do
                match field.GetValue current with
                | null -> ()
                | value -> waiting.Push value
        | _ -> ()

    List.ofSeq found

let private holds (secret: byte array) (root: obj) =
    reachable root
    |> List.exists (fun bytes -> bytes.AsSpan().IndexOf(ReadOnlySpan secret) >= 0)

/// The field of a private key or secret.
let private fieldOf<'value> name (holder: obj) =
    fields (holder.GetType())
    |> List.find (fun field -> field.Name = name)
    |> fun field -> field.GetValue holder :?> 'value

let private hybrid settings =
    { settings with
        Groups = [ NamedGroup.X25519MlKem768 ] }

[<Tests>]
let tests =
    testList
        "TLS secrets"
        [ testCase "the search finds a secret that is there"
          <| fun () ->
              let secret = Array.init 32 byte
              use schedule = new KeySchedule(HashAlgorithmName.SHA256, ReadOnlySpan secret)
              Expect.isTrue (holds (schedule.Secret.ToArray()) schedule) "in a field"
              let inside = Bytes.CopyOf(ReadOnlySpan secret)

              let event =
                  TlsEvent.SessionTicketReceived(NewSessionTicket(1u, 2u, inside, inside, false), inside)

              Expect.isTrue (holds secret [| event |]) "in an event in a collection"

          testCase "an X25519 key is cleared when its share is"
          <| fun () ->
              let key = Array.init 32 byte
              (new X25519KeyShare(key)).Dispose()
              Expect.isTrue (isZero key) "zeros"

          testCase "both keys of a hybrid share are cleared when it is"
          <| fun () ->
              let share = X25519MlKem768KeyShare.Generate(Seeded 1)
              let seed = fieldOf<byte array> "_seed" share

              let key =
                  fieldOf<X25519KeyShare> "_x25519" share |> fieldOf<byte array> "_privateKey"

              Expect.isFalse (isZero seed || isZero key) "drawn"
              share.Dispose()
              Expect.isTrue (isZero seed && isZero key) "zeros"

          testCase "a client's shares are cleared together"
          <| fun () ->
              let shares =
                  new ClientKeyShares(
                      [| NamedGroup.X25519MlKem768; NamedGroup.X25519 |],
                      KeyExchange.Instance,
                      Seeded 1
                  )

              let key =
                  shares.Find NamedGroup.X25519 |> nonNull |> fieldOf<byte array> "_privateKey"

              shares.Dispose()
              Expect.isTrue (isZero key) "zeros"

          testCase "a shared secret is cleared with the server's answer"
          <| fun () ->
              let secret = Array.init 32 byte
              (new KeyShareAnswer(Bytes.Empty, secret)).Dispose()
              Expect.isTrue (isZero secret) "zeros"

          testCase "the key schedule and traffic secrets are cleared"
          <| fun () ->
              let schedule = new KeySchedule(HashAlgorithmName.SHA384)
              schedule.MixSharedSecret(ReadOnlySpan(Array.init 32 byte))
              schedule.Dispose()
              Expect.isTrue (isZero (schedule.Secret.ToArray())) "the schedule"
              let secrets = new TrafficSecrets(Array.init 32 byte, Array.init 32 byte)
              secrets.Dispose()
              Expect.isTrue (isZero secrets.Client && isZero secrets.Server) "the traffic secrets"

          testCase "a traffic secret is cleared when packet keys are made from it"
          <| fun () ->
              let id = ConnectionId(ReadOnlySpan(Array.init 8 byte))

              for level in [ EncryptionLevel.Handshake; EncryptionLevel.OneRtt ] do
                  for direction in [ KeyDirection.Read; KeyDirection.Write ] do
                      use keys = new ConnectionKeys(InitialKeys.Derive(QuicVersion.V1, &id, Role.Client))
                      let secret = Array.init 32 (fun index -> byte (index + 1))

                      keys.Install(
                          QuicVersion.V1,
                          TlsEvent.SecretsAvailable(
                              level,
                              direction,
                              CipherSuite.Aes128GcmSha256,
                              Bytes.Wrap(ReadOnlyMemory secret)
                          )
                      )

                      Expect.isTrue (isZero secret) $"{level} {direction}"

          for name, client, server in [ "x25519", client, server; "X25519MLKEM768", hybrid client, hybrid server ] do
              testCase $"when a handshake with {name} is complete, no traffic secret is left in either session"
              <| fun () ->
                  let outcome = run client server
                  Expect.isTrue (isComplete outcome) "complete"

                  for session in [ outcome.Client :> TlsSession; outcome.Server ] do
                      for KeyValue((level, direction), secret) in secrets outcome.ClientEvents do
                          Expect.isFalse (holds (secret.ToArray()) session) $"{session.Role}: {level} {direction}"

          testCase "a session that is disposed of in mid-handshake keeps no secret, not even in what it did not tell"
          <| fun () ->
              let server = serverSession server
              let client = clientSession client
              client.Start()

              match client.TryGetEvent() with
              | true, (:? TlsEvent.HandshakeBytes as hello) ->
                  Expect.isNull (server.OnCryptoData(EncryptionLevel.Initial, hello.Data.Span)) "no fault"
              | _ -> failtest "a ClientHello"

              let secretsOf (session: TlsSession) =
                  [ for event in fieldOf<Queue<TlsEvent>> "_events" session do
                        match event with
                        | :? TlsEvent.SecretsAvailable as secret -> secret.Secret.ToArray()
                        | _ -> () ]

              let untold = secretsOf server
              Expect.hasLength untold 3 "both of the Handshake level, and one of 1-RTT"

              for secret in untold do
                  Expect.isTrue (holds secret server) "there before"

              server.Dispose()

              for secret in untold do
                  Expect.isFalse (holds secret server) "gone afterwards"

          testCase "a client that gives up clears the private key of its share"
          <| fun () ->
              let session = clientSession client
              session.Start()

              let key =
                  (fieldOf<ClientKeyShares> "_keyShares" session).Find NamedGroup.X25519
                  |> nonNull
                  |> fieldOf<byte array> "_privateKey"

              session.Dispose()
              Expect.isTrue (isZero key) "zeros" ]
