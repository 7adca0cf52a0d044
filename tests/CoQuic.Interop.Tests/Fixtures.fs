/// What the tests of the interop core share: seeded sources, an identity, and a client and a server joined by hand.
module CoQuic.Interop.Tests.Fixtures

open System
open System.Collections.Generic
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates
open CoQuic.Engine
open CoQuic.Interop

type Endpoint = CoQuic.Interop.Endpoint

/// Bytes that count up from a seed: good enough for tests that look at no randomness.
let entropy (seed: int) =
    let mutable next = byte seed

    { new IEntropy with
        member _.Fill destination =
            for index in 0 .. destination.Length - 1 do
                next <- next * 5uy + 17uy
                destination[index] <- next ^^^ byte index }

let calendar =
    CalendarAnchor(DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), TimeUs.Zero)

let clientConfig () =
    let config = CoquicDefaults.Endpoint(Role.Client, entropy 1, calendar)

    EndpointConfig(
        Role = config.Role,
        Entropy = config.Entropy,
        Calendar = config.Calendar,
        ApplicationProtocols = config.ApplicationProtocols,
        Transport = config.Transport,
        MaxOutboundDatagramSize = config.MaxOutboundDatagramSize,
        MaxServerConnections = config.MaxServerConnections,
        VerifyPeer = false
    )

let serverConfig () =
    let config = CoquicDefaults.Endpoint(Role.Server, entropy 2, calendar)
    let identity = SimulationIdentity.Create(entropy 3, "localhost")

    EndpointConfig(
        Role = config.Role,
        Entropy = config.Entropy,
        Calendar = config.Calendar,
        ApplicationProtocols = config.ApplicationProtocols,
        Transport = config.Transport,
        MaxOutboundDatagramSize = config.MaxOutboundDatagramSize,
        MaxServerConnections = config.MaxServerConnections,
        ServerIdentities = SingleServerIdentity identity
    )

let private connectionId (bytes: byte list) =
    ConnectionId(ReadOnlySpan<byte>(List.toArray bytes))

/// The connection of the upstream smoke test: 8-byte IDs, route 7, a 7-byte IPv4 identity.
let openConnection () =
    let ids =
        CoquicDefaults.OpenConnection(connectionId [ 1uy .. 8uy ], connectionId [ 11uy .. 18uy ])

    OpenConnection(
        ServerName = ids.ServerName,
        SourceConnectionId = ids.SourceConnectionId,
        InitialDestinationConnectionId = ids.InitialDestinationConnectionId,
        InitialVersion = ids.InitialVersion,
        Route = RouteHandle 7UL,
        AddressValidationIdentity = Bytes.Wrap [| 4uy; 127uy; 0uy; 0uy; 1uy; 0x11uy; 0x51uy |]
    )

let newClient () = new Endpoint(clientConfig ())
let newServer () = new Endpoint(serverConfig ())

/// All effects of a result as flat views.
let views (result: QueryResult) =
    let seen = List<EffectView>()
    result.ForEachEffect(fun view -> seen.Add view)
    List.ofSeq seen

/// A client and a server, and all that each was told.
type Joined =
    { Client: Endpoint
      Server: Endpoint
      Connection: ConnectionHandle
      mutable Now: TimeUs
      ClientHeard: List<EffectView>
      ServerHeard: List<EffectView> }

let private datagrams (view: EffectView) =
    let size =
        if view.SegmentSize > 0 then
            view.SegmentSize
        else
            view.Bytes.Length

    [ for start in 0..size .. view.Bytes.Length - 1 -> view.Bytes.Slice(start, min size (view.Bytes.Length - start)) ]

let private sent views =
    views
    |> List.filter (fun (view: EffectView) -> view.Kind = EffectKind.SendDatagram)
    |> List.collect datagrams

/// Carries what a side sent to the other, and what that answers back, until both are silent.
let rec private carry joined toServer bytes =
    if not (List.isEmpty bytes) then
        joined.Now <- joined.Now + TimeSpan.FromMilliseconds 1.0
        let receiver = if toServer then joined.Server else joined.Client
        let heard = if toServer then joined.ServerHeard else joined.ClientHeard

        let answers =
            [ for datagram in bytes do
                  let inbound =
                      InboundDatagram(datagram, 0, Nullable(RouteHandle 7UL), EcnCodepoint.NotEct)

                  use result = receiver.ReceiveDatagram(joined.Now, &inbound)
                  let seen = views result
                  heard.AddRange seen
                  yield! sent seen ]

        carry joined (not toServer) answers

/// Takes a result of one side in and carries what it sent until both sides are silent.
let exchange joined fromClient (result: QueryResult) =
    let seen = views result

    (if fromClient then
         joined.ClientHeard
     else
         joined.ServerHeard)
        .AddRange
        seen

    carry joined fromClient (sent seen)

let join () =
    let client, server = newClient (), newServer ()
    let mutable connection = ConnectionHandle.None
    use result = client.Connect(TimeUs.Zero, openConnection (), &connection)

    let joined =
        { Client = client
          Server = server
          Connection = connection
          Now = TimeUs.Zero
          ClientHeard = List()
          ServerHeard = List() }

    exchange joined true result
    joined

let separate joined =
    joined.Client.Dispose()
    joined.Server.Dispose()

/// A certificate and its key as PEM texts.
let pemIdentity () =
    use key = ECDsa.Create ECCurve.NamedCurves.nistP256

    let request =
        X509Certificates.CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)

    use certificate =
        request.CreateSelfSigned(calendar.Utc, calendar.Utc + TimeSpan.FromDays 30.0)

    certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem()
