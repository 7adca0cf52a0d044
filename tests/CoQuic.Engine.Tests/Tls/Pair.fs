/// A client and a server of TLS joined in memory, with a hand on what passes between them.
module CoQuic.Engine.Tests.Tls.Pair

open System
open System.Collections.Generic
open System.Security.Cryptography
open CoQuic.Engine

/// The bytes that follow from a seed: SHA-256 of seed and counter.
type Seeded(seed: int) =
    let mutable counter = 0

    interface IEntropy with
        member _.Fill destination =
            let mutable offset = 0

            while offset < destination.Length do
                let block =
                    SHA256.HashData(Array.append (BitConverter.GetBytes seed) (BitConverter.GetBytes counter))

                let count = min block.Length (destination.Length - offset)
                block.AsSpan(0, count).CopyTo(destination.Slice offset)
                offset <- offset + count
                counter <- counter + 1

let bytes (values: byte list) =
    Bytes.CopyOf(ReadOnlySpan(List.toArray values))

/// The calendar of every test that does not say otherwise.
let midYear = DateTimeOffset(2026, 6, 15, 12, 0, 0, TimeSpan.Zero)

let identity = SimulationIdentity.Create(Seeded 1, "server.example")

/// What one side is told; each side takes what concerns it.
type Settings =
    {
        Suites: CipherSuite list
        Groups: NamedGroup list
        /// Of which groups a client sends shares at once; none is one share, of the first.
        Shares: NamedGroup list
        Protocols: string list
        Parameters: Bytes
        Entropy: IEntropy
        KeyLog: bool
        ServerName: string
        /// Who judges the server; null asks the application.
        Verifier: ICertificateVerifier | null
        /// Who the client is, if it can say so.
        Own: CertificateIdentity option
        /// How a server deals with clients' certificates, if it asks for them.
        Clients: ClientAuthentication option
        Time: DateTimeOffset
        /// Who the server is; null asks the application.
        Identities: IServerIdentitySelector | null
        Session: SessionToResume option
        Resumption: ServerResumption option
    }

/// A client that trusts anybody and asks for server.example.
let client =
    { Suites =
        [ CipherSuite.Aes128GcmSha256
          CipherSuite.Aes256GcmSha384
          CipherSuite.ChaCha20Poly1305Sha256 ]
      Groups = [ NamedGroup.X25519; NamedGroup.Secp256r1 ]
      Shares = []
      Protocols = [ "hq-interop" ]
      Parameters = bytes [ 1uy; 2uy; 3uy ]
      Entropy = Seeded 2
      KeyLog = false
      ServerName = "server.example"
      Verifier = NoCertificateVerifier.Instance
      Own = None
      Clients = None
      Time = midYear
      Identities = SingleServerIdentity identity
      Session = None
      Resumption = None }

/// A server with a certificate for server.example, which prefers h3.
let server =
    { client with
        Protocols = [ "h3"; "hq-interop" ]
        Parameters = bytes [ 4uy; 5uy ]
        Entropy = Seeded 3 }

let clientSession settings =
    new ClientHandshake(
        TlsClientConfig(
            ApplicationProtocols = settings.Protocols,
            TransportParameters = settings.Parameters,
            Entropy = settings.Entropy,
            Groups = settings.Groups,
            KeyShareGroups = settings.Shares,
            CipherSuites = settings.Suites,
            EnableKeyLog = settings.KeyLog,
            ServerName = settings.ServerName,
            Verifier = settings.Verifier,
            Identities = (settings.Own |> Option.map (fun own -> SingleClientIdentity own) |> Option.toObj),
            Time = settings.Time,
            Session = Option.toObj settings.Session
        )
    )

/// Gives the same transport parameters to whoever asks.
let private alwaysAnswering (parameters: Bytes) (resumption: ServerResumption option) =
    { new IServerParameters with
        member _.Resumption = Option.toObj resumption

        member _.Answer(_, server) =
            server <- parameters
            null }

let serverSession settings =
    new ServerHandshake(
        TlsServerConfig(
            ApplicationProtocols = settings.Protocols,
            Parameters = alwaysAnswering settings.Parameters settings.Resumption,
            Entropy = settings.Entropy,
            Groups = settings.Groups,
            CipherSuites = settings.Suites,
            EnableKeyLog = settings.KeyLog,
            Identities = settings.Identities,
            ClientAuthentication = Option.toObj settings.Clients
        )
    )

/// How a run ended.
type Outcome =
    {
        Client: ClientHandshake
        Server: ServerHandshake
        ClientEvents: TlsEvent list
        ServerEvents: TlsEvent list
        /// Who found what fault.
        Error: (Role * TransportError) option
    }

let drain (session: TlsSession) =
    [ let mutable more = true

      while more do
          match session.TryGetEvent() with
          | true, (NonNull event) -> event
          | _ -> more <- false ]

/// What a hand on the wire does to handshake bytes: the sender, the level and the bytes give the pieces that arrive.
type Wire = Role -> EncryptionLevel -> byte array -> byte array list

let asSent: Wire = fun _ _ data -> [ data ]

/// Runs until nobody has anything to say or somebody finds a fault.
let runOver (wire: Wire) (client: ClientHandshake) (server: ServerHandshake) =
    let told = Dictionary<Role, ResizeArray<TlsEvent>>()
    let waiting = Queue<Role * EncryptionLevel * byte array>()
    let mutable error = None

    for role in [ Role.Client; Role.Server ] do
        told[role] <- ResizeArray()

    let sessionOf role : TlsSession =
        if role = Role.Client then client else server

    let collect role =
        for event in drain (sessionOf role) do
            told[role].Add event

            match event with
            | :? TlsEvent.HandshakeBytes as sent ->
                for piece in wire role sent.Level (sent.Data.ToArray()) do
                    waiting.Enqueue(role, sent.Level, piece)
            | _ -> ()

    client.Start()
    collect Role.Client

    while waiting.Count > 0 && error.IsNone do
        let sender, level, data = waiting.Dequeue()
        let receiver = Roles.Opposite sender

        match (sessionOf receiver).OnCryptoData(level, ReadOnlySpan data) with
        | null -> ()
        | fault -> error <- Some(receiver, fault)

        collect receiver

    { Client = client
      Server = server
      ClientEvents = List.ofSeq told[Role.Client]
      ServerEvents = List.ofSeq told[Role.Server]
      Error = error }

let run client server =
    runOver asSent (clientSession client) (serverSession server)

/// The alert with which a run ended, and who sent it.
let alert outcome =
    outcome.Error
    |> Option.map (fun (role, error) ->
        role, LanguagePrimitives.EnumOfValue<byte, AlertDescription>(byte (uint64 error.Code &&& 0xffUL)))

/// The error code with which a run ended, and who found it.
let code outcome =
    outcome.Error |> Option.map (fun (role, error) -> role, error.Code)

let isComplete outcome =
    outcome.Error.IsNone
    && outcome.Client.IsHandshakeComplete
    && outcome.Server.IsHandshakeComplete

/// The secrets that one side was told, by level and direction.
let secrets events =
    events
    |> List.choose (fun (event: TlsEvent) ->
        match event with
        | :? TlsEvent.SecretsAvailable as secret -> Some((secret.Level, secret.Direction), secret.Secret)
        | _ -> None)
    |> Map.ofList

/// One short word an event, for orders of events.
let word (event: TlsEvent) =
    match event with
    | :? TlsEvent.SecretsAvailable as secret -> $"{secret.Level} {secret.Direction}"
    | :? TlsEvent.HandshakeBytes as sent -> $"{sent.Level} bytes"
    | other -> other.GetType().Name

/// The messages in handshake bytes, headers included.
let rec messages (data: byte array) =
    match data with
    | [||] -> []
    | _ ->
        let size = HandshakeMessage.SizeOf(ReadOnlySpan data)
        data[.. size - 1] :: messages data[size..]
