/// Handshakes that wait for a word of the application: about the peer's certificate, or about who the server is.
module CoQuic.Engine.Tests.Scenarios.QuestionTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Attacker
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Tests

let private calendar =
    CalendarAnchor(DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), origin)

let private serverIdentity =
    lazy SimulationIdentity.Create(TestEntropy 7UL, "localhost")

let private clientIdentity =
    lazy SimulationIdentity.Create(TestEntropy 8UL, "a client")

/// A key whose signatures no client can verify.
let private unheardOf =
    { new IHandshakeSigner with
        member _.Schemes = [| LanguagePrimitives.EnumOfValue 0x0807us |]
        member _.Sign(_, _) = [||] }

/// What the application answers with are names.
let private byName =
    { new IServerIdentitySelector with
        member _.Select name =
            match name with
            | "ours" -> serverIdentity.Value
            | "unheard-of" -> CertificateIdentity(serverIdentity.Value.CertificateChain, unheardOf)
            | _ -> null }

let private askingClient seed =
    EndpointConfig(
        Role = Role.Client,
        Entropy = TestEntropy(uint64 seed),
        Calendar = calendar,
        ApplicationProtocols = [| "test" |],
        AsksForCertificateVerdicts = true,
        ClientIdentities = SingleClientIdentity clientIdentity.Value
    )

let private askingServer seed =
    EndpointConfig(
        Role = Role.Server,
        Entropy = TestEntropy(uint64 seed + 0x5eedUL),
        Calendar = calendar,
        ApplicationProtocols = [| "test" |],
        AsksForServerIdentities = true,
        ServerIdentities = byName
    )

let private authenticatingServer seed =
    EndpointConfig(
        Role = Role.Server,
        Entropy = TestEntropy(uint64 seed + 0x5eedUL),
        Calendar = calendar,
        ApplicationProtocols = [| "test" |],
        ServerIdentities = SingleServerIdentity serverIdentity.Value,
        ClientCertificates = ClientCertificatePolicy.Require,
        AsksForCertificateVerdicts = true
    )

let private plainClient seed =
    EndpointConfig(
        Role = Role.Client,
        Entropy = TestEntropy(uint64 seed),
        Calendar = calendar,
        ApplicationProtocols = [| "test" |],
        VerifyPeer = false,
        ClientIdentities = SingleClientIdentity clientIdentity.Value
    )

let private await what condition pair =
    Expect.isTrue (runUntil (TimeSpan.FromMinutes 1.0) condition pair) what

let private asksVerdict side pair =
    not (told<CertificateVerdictNeededEffect> side pair).IsEmpty

let private asksIdentity pair =
    not (told<ServerIdentityNeededEffect> Server pair).IsEmpty

let private verdictQuestion side pair =
    match told<CertificateVerdictNeededEffect> side pair with
    | [ question ] -> question
    | questions -> failtest $"{questions.Length} questions"

let private identityQuestion pair =
    match told<ServerIdentityNeededEffect> Server pair with
    | [ question ] -> question
    | questions -> failtest $"{questions.Length} questions"

/// Gives a verdict: what the endpoint answered, taken in.
let private judge side questionId verdict pair =
    let result =
        (endpoint side pair).AnswerCertificate(pair.Now, handleOf side pair, questionId, verdict)

    absorb side result pair
    result.LocalError |> Option.ofObj |> Option.map _.Code

let private identify questionId (name: string option) pair =
    let result =
        pair.Server.AnswerIdentity(pair.Now, pair.ServerConnection, questionId, Option.toObj name)

    absorb Server result pair
    result.LocalError |> Option.ofObj |> Option.map _.Code

let private alertCode (alert: AlertDescription) =
    uint64 (TransportErrorCodes.OfAlert(byte alert))

/// Time passes before anything else happens: the application thinks.
let private pass (seconds: float) pair =
    pair.Now <- pair.Now + TimeSpan.FromSeconds seconds

let private clientAsks seed link =
    let pair =
        Pair.withConfigs (askingClient seed) (Pair.serverConfig "test" (uint64 seed)) seed link

    connect pair
    await "the client asks" (asksVerdict Client) pair
    pair

let private serverAsks seed link =
    let pair = Pair.withConfigs (plainClient seed) (askingServer seed) seed link
    connect pair
    await "the server asks" asksIdentity pair
    pair

let private isRefused code =
    code = Some LocalErrorCode.UnsupportedOperation

let private aboutServers =
    [ testCase "the question holds the chain and the name, and the handshake waits for the answer"
      <| fun () ->
          let pair = clientAsks 1 ideal
          let question = verdictQuestion Client pair
          Expect.sequenceEqual question.Question.Chain serverIdentity.Value.CertificateChain "the chain"
          Expect.equal (question.Question.ServerName, question.Question.PeerRole) ("localhost", Role.Server) "who"
          pass 3.0 pair
          Expect.isEmpty (told<HandshakeInformationEffect> Client pair) "not ready"
          Expect.isNone (judge Client question.QuestionId CertificateVerdict.Accept pair) "the answer is taken"
          await "confirmed" confirmed pair

      testCase "a rejection closes with its alert, and the peer hears why"
      <| fun () ->
          let pair = clientAsks 2 ideal
          let question = verdictQuestion Client pair
          let verdict = CertificateVerdict.Reject(AlertDescription.AccessDenied, "not today")
          Expect.isNone (judge Client question.QuestionId verdict pair) "the answer is taken"
          await "both are closed" (fun pair -> (closeReason Server pair).IsSome) pair

          for side in [ Client; Server ] do
              match closeReason side pair with
              | Some reason ->
                  Expect.equal reason.Code (alertCode AlertDescription.AccessDenied) "the alert"
                  Expect.equal reason.Reason "not today" "the reason"
              | None -> failtest "closed"

      testCase "answers to other questions, of another kind, or repeated, are refused and change nothing"
      <| fun () ->
          let pair = clientAsks 3 ideal
          let question = verdictQuestion Client pair

          let accept id =
              judge Client id CertificateVerdict.Accept pair

          Expect.isTrue (isRefused (accept 0UL)) "before any question"
          Expect.isTrue (isRefused (accept (question.QuestionId + 1UL))) "not asked"

          let wrongKind =
              pair.Client.AnswerIdentity(pair.Now, pair.ClientConnection, question.QuestionId, "ours")

          Expect.isNotNull wrongKind.LocalError "an identity was not asked for"
          Expect.isNone (accept question.QuestionId) "the right one"
          Expect.isTrue (isRefused (accept question.QuestionId)) "once"
          await "confirmed" confirmed pair
          Expect.isTrue (isRefused (accept question.QuestionId)) "late"

      testCase "without an answer the handshake ends with its timeout, and a late answer is refused"
      <| fun () ->
          let pair = clientAsks 4 ideal
          let question = verdictQuestion Client pair
          await "it ends" (fun pair -> (closeReason Client pair).IsSome) pair

          Expect.equal
              (closeReason Client pair |> Option.map _.Origin)
              (Some CloseOrigin.HandshakeTimeout)
              "the handshake timeout"

          Expect.isTrue (isRefused (judge Client question.QuestionId CertificateVerdict.Accept pair)) "late"

      for seed in 1 .. Scale.current.Seeds do
          testCase $"over a lossy link there is one question, and its answer completes the handshake (seed {seed})"
          <| fun () ->
              let pair =
                  clientAsks
                      seed
                      { ideal with
                          Loss = 0.1
                          Jitter = TimeSpan.FromMilliseconds 20.0 }

              pass 1.0 pair
              let question = verdictQuestion Client pair
              Expect.isNone (judge Client question.QuestionId CertificateVerdict.Accept pair) "taken"
              await "confirmed" confirmed pair ]

let private aboutIdentities =
    [ testCase "the server is asked with the client's name and protocol, and answers in time"
      <| fun () ->
          let pair = serverAsks 1 ideal
          let question = identityQuestion pair
          Expect.equal question.Question.ServerName "localhost" "SNI"
          Expect.equal question.Question.ApplicationProtocol "test" "ALPN"
          Expect.sequenceEqual question.Question.SignatureSchemes SignatureAlgorithm.HandshakeSchemes "schemes"
          pass 2.0 pair
          Expect.isNone (identify question.QuestionId (Some "ours") pair) "the answer is taken"
          await "confirmed" confirmed pair

          match told<HandshakeInformationEffect> Client pair with
          | [ information ] ->
              Expect.equal information.PeerCertificate serverIdentity.Value.CertificateChain[0] "the certificate"
          | other -> failtest $"{other.Length} of them"

      testCase "no name, and one that the selector does not know, refuse the client with unrecognized_name"
      <| fun () ->
          for name in [ None; Some "localhost" ] do
              let pair = serverAsks 2 ideal
              Expect.isNone (identify (identityQuestion pair).QuestionId name pair) "the answer is taken"
              await "the client hears" (fun pair -> (closeReason Client pair).IsSome) pair

              Expect.equal
                  (closeReason Client pair |> Option.map _.Code)
                  (Some(alertCode AlertDescription.UnrecognizedName))
                  "the alert"

      testCase "an identity that cannot sign for the client is a handshake failure"
      <| fun () ->
          let pair = serverAsks 3 ideal

          Expect.isNone (identify (identityQuestion pair).QuestionId (Some "unheard-of") pair) "the answer is taken"
          await "it ends" (fun pair -> (closeReason Server pair).IsSome) pair

          Expect.equal
              (closeReason Server pair |> Option.map _.Code)
              (Some(alertCode AlertDescription.HandshakeFailure))
              "the alert"

      testCase "while the server waits, a client cannot make it keep more than the bound on CRYPTO data"
      <| fun () ->
          let pair = serverAsks 4 ideal

          let crypto (offset: uint64) (length: int) =
              Array.append (varints [ 0x06UL; offset; uint64 length ]) (Array.zeroCreate length)

          // What was read of the ClientHello is no longer held; the bound is far above any of its lengths.
          strike
              Server
              (seal EncryptionLevel.Initial Server (crypto (CryptoStream.MaximumBuffered + 4096UL) 1) pair)
              pair

          Expect.equal
              (closeReason Server pair |> Option.map _.Code)
              (Some(uint64 TransportErrorCode.CryptoBufferExceeded))
              "the code"

      testCase "data behind the ClientHello that came while the server waited is a protocol violation after its answer"
      <| fun () ->
          let pair = serverAsks 5 ideal

          let length =
              told<SendDatagramEffect> Client pair |> List.sumBy (fun run -> run.Bytes.Length)

          let zeros = Array.zeroCreate<byte> length
          let frame = Array.append (varints [ 0x06UL; 0UL; uint64 length ]) zeros
          strike Server (seal EncryptionLevel.Initial Server frame pair) pair
          Expect.isNone (closeReason Server pair) "it waits"

          identify (identityQuestion pair).QuestionId (Some "ours") pair |> ignore

          Expect.equal
              (closeReason Server pair |> Option.map _.Code)
              (Some(uint64 TransportErrorCode.ProtocolViolation))
              "the code" ]

let private aboutClients =
    [ testCase "a server asks about a client's certificate, and knows the client when it is ready"
      <| fun () ->
          let pair = Pair.withConfigs (plainClient 1) (authenticatingServer 1) 1 ideal
          connect pair
          await "the server asks" (asksVerdict Server) pair
          let question = verdictQuestion Server pair
          Expect.equal (question.Question.ServerName, question.Question.PeerRole) ("", Role.Client) "a client"
          Expect.isEmpty (told<HandshakeInformationEffect> Server pair) "not ready"
          Expect.isNone (judge Server question.QuestionId CertificateVerdict.Accept pair) "taken"
          await "confirmed" confirmed pair

          match told<HandshakeInformationEffect> Server pair with
          | [ information ] ->
              Expect.equal
                  information.PeerCertificate
                  clientIdentity.Value.CertificateChain[0]
                  "the client's certificate"
          | other -> failtest $"{other.Length} of them"

      testCase "both sides may be asked, one after the other"
      <| fun () ->
          let pair = Pair.withConfigs (askingClient 2) (authenticatingServer 2) 2 ideal
          connect pair
          await "the client asks" (asksVerdict Client) pair

          judge Client (verdictQuestion Client pair).QuestionId CertificateVerdict.Accept pair
          |> ignore

          await "the server asks" (asksVerdict Server) pair

          judge Server (verdictQuestion Server pair).QuestionId CertificateVerdict.Accept pair
          |> ignore

          await "confirmed" confirmed pair ]

[<Tests>]
let tests =
    testList
        "scenario: questions"
        [ testList "about servers" aboutServers
          testList "about identities" aboutIdentities
          testList "about clients" aboutClients ]
