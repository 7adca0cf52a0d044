module CoQuic.Runtime.Tests.ClassFaceTests

open System
open System.IO
open System.Net
open System.Net.Security
open System.Reflection
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates
open System.Text
open System.Threading
open Expecto
open CoQuic.Runtime
open CoQuic.Runtime.Tests.ConnectionKit

/// For localhost, with its key.
let internal certificate =
    lazy
        (use key = ECDsa.Create ECCurve.NamedCurves.nistP256
         let request = CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
         let names = SubjectAlternativeNameBuilder()
         names.AddDnsName "localhost"
         names.AddIpAddress IPAddress.Loopback
         request.CertificateExtensions.Add(names.Build())
         request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays -1.0, DateTimeOffset.UtcNow.AddDays 1.0))

let private protocol = SslApplicationProtocol "greeting"

let private listenAt () =
    let options =
        QuicServerOptions(ListenEndPoint = IPEndPoint(IPAddress.Loopback, 0), ServerCertificate = certificate.Value)

    options.ApplicationProtocols.Add protocol
    QuicServer.ListenAsync(options).AsTask()

let private optionsFor (endPoint: EndPoint) =
    let options =
        QuicClientOptions(RemoteEndPoint = endPoint, TrustedRoots = X509Certificate2Collection certificate.Value)

    options.ApplicationProtocols.Add protocol
    options

/// What ordinary .NET code sees.
let private face =
    [ typeof<QuicClient>
      typeof<QuicServer>
      typeof<QuicConnection>
      typeof<QuicStream>
      typeof<QuicException>
      typeof<QuicConnectionOptions>
      typeof<QuicClientOptions>
      typeof<QuicServerOptions>
      typeof<QuicLoadBalancerOptions>
      typeof<ServerIdentityStore>
      typeof<TokenStore> ]

let rec private parts (shown: Type) : Type list =
    shown
    :: [ for argument in shown.GetGenericArguments() do
             yield! parts argument
         match shown.GetElementType() with
         | null -> ()
         | element -> yield! parts element ]

let private typesOf (shown: MemberInfo) : Type list =
    match shown with
    | :? MethodInfo as shown ->
        shown.ReturnType
        :: [ for parameter in shown.GetParameters() -> parameter.ParameterType ]
    | :? PropertyInfo as shown -> [ shown.PropertyType ]
    | :? ConstructorInfo as shown -> [ for parameter in shown.GetParameters() -> parameter.ParameterType ]
    | _ -> []

let private fsharpCore = typeof<option<int>>.Assembly

/// The members of a type that show a type of FSharp.Core.
let private strangers (face: Type) =
    [ for shown in face.GetMembers() do
          for part in List.collect parts (typesOf shown) do
              if part.Assembly = fsharpCore && part <> typeof<unit> then
                  $"{face.Name}.{shown.Name}: {part.Name}" ]

type Breach() =
    member _.Find(name: string) : string option = Some name

[<Tests>]
let tests =
    testList
        "the face for ordinary .NET code"
        [ testCaseTask "a client and a server talk with classes and exceptions alone"
          <| fun () ->
              task {
                  let! server = inTime (listenAt ())
                  let accepting = server.AcceptConnectionAsync().AsTask()

                  let! client =
                      inTime (QuicClient.ConnectAsync(optionsFor server.LocalEndPoint, CancellationToken.None).AsTask())

                  let! accepted = inTime accepting
                  let! sending = openStream client QuicStreamType.Bidirectional

                  use writer =
                      new StreamWriter(sending, UTF8Encoding false, 100, true, AutoFlush = true)

                  do! within (writer.WriteLineAsync "hello")
                  let! receiving = acceptStream accepted
                  use reader = new StreamReader(receiving)
                  let! line = inTime (reader.ReadLineAsync())
                  Expect.equal line "hello" "what was written"
                  Expect.equal client.NegotiatedApplicationProtocol protocol "the protocol"
                  do! within (client.DisposeAsync().AsTask())

                  let! error =
                      failure<QuicException> (accepted.AcceptInboundStreamAsync().AsTask()) "accepting"

                  Expect.equal error.QuicError QuicError.ConnectionAborted "the client closed"
                  do! within (server.DisposeAsync().AsTask())
              }

          testCaseTask "a name is resolved and verified"
          <| fun () ->
              task {
                  let! server = inTime (listenAt ())
                  let options = optionsFor (DnsEndPoint("localhost", server.LocalEndPoint.Port))
                  let! client = inTime (QuicClient.ConnectAsync(options).AsTask())
                  do! within (client.DisposeAsync().AsTask())
                  options.TargetHost <- "another.example"

                  let! error =
                      failure<QuicException> (QuicClient.ConnectAsync(options).AsTask()) "another name"

                  Expect.equal error.QuicError QuicError.TransportError "a TLS alert"
                  do! within (server.DisposeAsync().AsTask())
              }

          testCase "options without what they need are a mistake of the caller"
          <| fun () ->
              Expect.throwsT<ArgumentException>
                  (fun () -> QuicClient.ConnectAsync(QuicClientOptions()) |> ignore)
                  "no address"

              Expect.throwsT<ArgumentException>
                  (fun () -> QuicServer.ListenAsync(QuicServerOptions()) |> ignore)
                  "no certificate"

          testCase "no member shows a type that only F# has"
          <| fun () ->
              let found = List.collect strangers face
              Expect.isEmpty found "types of FSharp.Core"

          testCase "the search for such types finds one"
          <| fun () -> Expect.isNonEmpty (strangers typeof<Breach>) "an option" ]
