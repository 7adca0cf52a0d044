/// Who judges certificates, who shows them, and who the server is: over loopback.
module CoQuic.Runtime.Tests.AuthenticationTests

open System
open System.Net
open System.Net.Security
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates
open System.Threading.Tasks
open Expecto
open CoQuic
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Runtime.Tests.ConnectionKit

let private judgedBy judge server =
    let options = clientOptions server

    { options with
        JudgeServer = Some judge }

let private withEndpoint change (runtime: RuntimeOptions) =
    { runtime with
        Endpoint = change runtime.Endpoint }

/// The alert with which connecting fails.
let private alertOf options =
    task {
        match! inTime (QuicClient.connect options) with
        | Error(RuntimeError.ConnectionClosed reason) ->
            match reason.Code with
            | CloseCode.Transport(code, _) ->
                return LanguagePrimitives.EnumOfValue<byte, AlertDescription>(byte (uint64 code &&& 0xffUL))
            | CloseCode.Application _ -> return failtest $"{reason}"
        | Error error -> return failtest $"{error}"
        | Ok _ -> return failtest "it was accepted"
    }

let private certificateFor (name: string) (usage: string) =
    use key = ECDsa.Create ECCurve.NamedCurves.nistP256
    let request = CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256)
    let names = SubjectAlternativeNameBuilder()
    names.AddDnsName name
    request.CertificateExtensions.Add(names.Build())
    let usages = OidCollection()
    usages.Add(Oid usage) |> ignore
    request.CertificateExtensions.Add(X509EnhancedKeyUsageExtension(usages, false))
    request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays -1.0, DateTimeOffset.UtcNow.AddDays 1.0)

let private clientCertificate = lazy certificateFor "a client" "1.3.6.1.5.5.7.3.2"

let private clientIdentity =
    lazy
        (Expect.wantOk
            (Identities.ofCertificate clientCertificate.Value (X509Certificate2Collection()))
            "the client's identity")

let private clientTrust =
    lazy Identities.trust (X509Certificate2Collection clientCertificate.Value)

let private commonName (connection: QuicConnection) =
    match connection.RemoteCertificate with
    | null -> None
    | certificate ->
        use certificate = certificate
        Some(certificate.GetNameInfo(X509NameType.SimpleName, false))

let private closing (connection: QuicConnection) =
    within (connection.DisposeAsync().AsTask())

/// The common name of the certificate that a client is shown under a server name.
let private shownTo (server: QuicServer) serverName =
    task {
        let options = clientOptions server

        let! client =
            connect
                { options with
                    Request =
                        { options.Request with
                            ServerName = serverName }
                    JudgeServer = Some(fun _ -> Task.FromResult Verdict.Accepted) }

        let name = commonName client
        do! closing client
        return name
    }

/// A self-signed identity whose subject is the name.
let private identityNamed name =
    Expect.wantOk
        (Identities.ofCertificate (certificateFor name "1.3.6.1.5.5.7.3.1") (X509Certificate2Collection()))
        "an identity"

[<Tests>]
let tests =
    testList
        "authentication"
        [ testCaseTask "a function may judge the server's certificate, and take its time"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let mutable asked = None

                  let judge (question: CertificateQuestion) =
                      task {
                          asked <- Some question
                          do! Task.Yield()
                          return Trust.judge (Trust.only identity.Value) question
                      }

                  let! client = connect (judgedBy judge server)
                  let question = Expect.wantSome asked "it is asked"
                  Expect.equal question.ServerName "127.0.0.1" "the name"
                  Expect.equal question.PeerRole Role.Server "a server"
                  Expect.equal question.Chain.Head identity.Value.CertificateChain[0] "its certificate"
                  do! closing client
              }

          testCaseTask "what it rejects is closed with its alert, and so is what it fails to judge"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)

                  let reject _ =
                      Task.FromResult(Verdict.Rejected(AlertDescription.AccessDenied, "not this one"))

                  let! alert = alertOf (judgedBy reject server)
                  Expect.equal alert AlertDescription.AccessDenied "its alert"
                  let fail _ : Task<Verdict> = invalidOp "no idea"
                  let! alert = alertOf (judgedBy fail server)
                  Expect.equal alert AlertDescription.CertificateUnknown "nobody knows"
              }

          testCaseTask "a verdict that never comes ends with the handshake timeout"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let never = TaskCompletionSource<Verdict>()
                  let options = judgedBy (fun _ -> never.Task) server

                  let! outcome =
                      inTime (
                          QuicClient.connect
                              { options with
                                  Runtime =
                                      options.Runtime
                                      |> changeTransport (fun transport ->
                                          { transport with
                                              HandshakeTimeout = TimeSpan.FromMilliseconds 300.0 }) }
                      )

                  match outcome with
                  | Error(RuntimeError.ConnectionClosed reason) ->
                      Expect.equal reason.Origin CloseOrigin.HandshakeTimeout "the timeout"
                  | other -> failtest $"{other}"

                  never.SetResult Verdict.Accepted
              }

          testCaseTask "a server that requires a certificate knows its client, and refuses one without"
          <| fun () ->
              task {
                  let options = serverOptions IPAddress.Loopback

                  use server =
                      listen
                          { options with
                              Runtime =
                                  options.Runtime
                                  |> withEndpoint (
                                      EndpointConfig.askingClients ClientCertificatePolicy.Require clientTrust.Value
                                  ) }

                  let anonymous = clientOptions server

                  let! client =
                      connect
                          { anonymous with
                              Runtime =
                                  anonymous.Runtime
                                  |> withEndpoint (EndpointConfig.withClientIdentity clientIdentity.Value) }

                  let! accepted = accept server
                  Expect.equal (commonName accepted) (Some "a client") "who it is"
                  do! closing client

                  // The client's handshake is complete before the server has seen that there is no certificate.
                  match! inTime (QuicClient.connect anonymous) with
                  | Error(RuntimeError.ConnectionClosed _) -> ()
                  | Error error -> failtest $"{error}"
                  | Ok nobody ->
                      let! _ =
                          failure<QuicException> (nobody.AcceptInboundStreamAsync().AsTask()) "a stream of nobody's"

                      do! closing nobody
              }

          testCaseTask "identities are chosen by name, and can be exchanged while the server runs"
          <| fun () ->
              task {
                  let store = ServerIdentityStore(identityNamed "fallback.example")
                  store.Set("One.example", identityNamed "one.example")
                  let options = serverOptions IPAddress.Loopback

                  use server =
                      listen
                          { options with
                              Runtime =
                                  options.Runtime
                                  |> withEndpoint (fun endpoint ->
                                      { endpoint with
                                          ServerIdentities = Some store }) }

                  let! one = shownTo server "one.example"
                  Expect.equal one (Some "one.example") "by name, whatever its case"
                  let! other = shownTo server "other.example"
                  Expect.equal other (Some "fallback.example") "the fallback"
                  let! literal = shownTo server "127.0.0.1"
                  Expect.equal literal (Some "fallback.example") "an address is no name"

                  store.Set("one.example", identityNamed "renewed.example")
                  let! renewed = shownTo server "one.example"
                  Expect.equal renewed (Some "renewed.example") "exchanged"

                  store.Remove "one.example"
                  store.Fallback <- null
                  let options = clientOptions server

                  let! alert =
                      alertOf
                          { options with
                              Request =
                                  { options.Request with
                                      ServerName = "one.example" } }

                  Expect.equal alert AlertDescription.UnrecognizedName "nobody left"
              }

          testCaseTask "a function may say who the server is, and take its time"
          <| fun () ->
              task {
                  let select (needed: ServerIdentityNeeded) =
                      task {
                          do! Task.Yield()

                          return
                              needed.ServerName
                              |> Option.filter (fun name -> name <> "nobody.example")
                              |> Option.map identityNamed
                      }

                  use server =
                      listen (ServerOptions.createSelecting (IPEndPoint(IPAddress.Loopback, 0)) "test" select)

                  let! shown = shownTo server "one.example"
                  Expect.equal shown (Some "one.example") "made for the occasion"
                  let options = clientOptions server

                  let! alert =
                      alertOf
                          { options with
                              Request =
                                  { options.Request with
                                      ServerName = "nobody.example" } }

                  Expect.equal alert AlertDescription.UnrecognizedName "refused"
              }

          testCaseTask "classes can do all of it"
          <| fun () ->
              task {
                  let protocol = SslApplicationProtocol "test"
                  let mutable judged = 0

                  let serving =
                      QuicServerOptions(
                          ListenEndPoint = IPEndPoint(IPAddress.Loopback, 0),
                          SelectIdentity = (fun _ -> ValueTask<ServerIdentity | null> identity.Value),
                          ClientCertificates = ClientCertificatePolicy.Request,
                          JudgeClientCertificate =
                              (fun question ->
                                  judged <- question.Chain.Count
                                  ValueTask<Engine.CertificateVerdict> Engine.CertificateVerdict.Accept)
                      )

                  serving.ApplicationProtocols.Add protocol
                  let! server = inTime (QuicServer.ListenAsync(serving).AsTask())

                  let connecting =
                      QuicClientOptions(
                          RemoteEndPoint = server.LocalEndPoint,
                          ClientCertificate = clientCertificate.Value,
                          JudgeServerCertificate =
                              (fun question ->
                                  ValueTask<Engine.CertificateVerdict>((Trust.only identity.Value).Verify question))
                      )

                  connecting.ApplicationProtocols.Add protocol
                  let! client = inTime (QuicClient.ConnectAsync(connecting).AsTask())
                  let! accepted = inTime (server.AcceptConnectionAsync().AsTask())
                  Expect.equal (commonName accepted) (Some "a client") "who it is"
                  Expect.equal judged 1 "one certificate"
                  do! closing client
                  do! within (server.DisposeAsync().AsTask())
              } ]
