/// A server that sends what the test wants, with keys and signatures that are right all the same.
module CoQuic.Engine.Tests.Tls.ScriptedServer

open System
open System.Security.Cryptography
open CoQuic.Engine
open CoQuic.Engine.Tests.Tls.Messages
open CoQuic.Engine.Tests.Tls.Pair

/// The server's messages, as the test wants them. Each is told what came before, hashed.
type Script =
    {
        EncryptedExtensions: byte array
        /// Between EncryptedExtensions and Certificate.
        Requests: byte array list
        Certificate: byte array
        Scheme: SignatureScheme
        /// Signs the content of a CertificateVerify.
        Sign: byte array -> byte array
    }

let honest =
    { EncryptedExtensions =
        EncryptedExtensions(
            ApplicationProtocols = ApplicationProtocolsExtension.NamesOf client.Protocols,
            TransportParameters = server.Parameters
        )
            .Encode()
      Requests = []
      Certificate = CertificateMessage.Encode(ReadOnlySpan(), identity.CertificateChain)
      Scheme = SignatureScheme.EcdsaSecp256r1Sha256
      Sign = fun content -> identity.Signer.Sign(SignatureScheme.EcdsaSecp256r1Sha256, ReadOnlySpan content) }

/// A client in the middle of a handshake with a script.
type Conversation =
    {
        Client: ClientHandshake
        /// The first fault that the client found.
        Fault: TransportErrorCode option
        /// What the client answered at the Handshake level.
        Answer: byte array
        /// The Finished that it owes, given what it sends before.
        FinishedAfter: byte array -> byte array
    }

let private bytesAt level (session: TlsSession) =
    [| let mutable more = true

       while more do
           match session.TryGetEvent() with
           | true, (:? TlsEvent.HandshakeBytes as sent) when sent.Level = level -> yield! sent.Data.ToArray()
           | found, _ -> more <- found |]

/// The key of the client's only share, which is of X25519.
let private shareOf clientHello =
    let _, content =
        extensionsOf clientHello
        |> List.find (fun (kind, _) -> kind = int ExtensionType.KeyShare)

    content[6..]

let converse script =
    let session = clientSession client
    session.Start()
    let clientHello = bytesAt EncryptionLevel.Initial session
    let transcript = new Transcript()
    let schedule = new KeySchedule(HashAlgorithmName.SHA256)
    let say (message: byte array) = transcript.Append(ReadOnlySpan message)
    transcript.SelectHash HashAlgorithmName.SHA256
    say clientHello

    use share = KeyExchange.Instance.Generate(NamedGroup.X25519, Seeded 11)

    let serverHello =
        ServerHello(
            Random = Bytes.CopyOf(ReadOnlySpan(Array.create 32 7uy)),
            CipherSuite = CipherSuite.Aes128GcmSha256,
            KeyShare = KeyShareEntry(NamedGroup.X25519, share.PublicKey)
        )
            .Encode()

    say serverHello

    match share.TryAgree(ReadOnlySpan(shareOf clientHello)) with
    | true, (NonNull secret) -> schedule.MixSharedSecret(ReadOnlySpan secret)
    | _ -> failwith "the client's share is good"

    let derive (label: byte array) =
        schedule.DeriveSecret(ReadOnlySpan label, ReadOnlySpan(transcript.CurrentHash()))

    let clientSecret, serverSecret = derive "c hs traffic"B, derive "s hs traffic"B

    let finishedBy (secret: byte array) =
        message
            HandshakeType.Finished
            (schedule.VerifyData(ReadOnlySpan secret, ReadOnlySpan(transcript.CurrentHash())))

    let opening = script.EncryptedExtensions :: script.Requests @ [ script.Certificate ]
    List.iter say opening

    let content =
        CertificateVerify.SignedContent(Role.Server, ReadOnlySpan(transcript.CurrentHash()))

    let verify =
        CertificateVerify(script.Scheme, Bytes.CopyOf(ReadOnlySpan(script.Sign content))).Encode()

    say verify
    let finished = finishedBy serverSecret
    say finished

    let feed level (data: byte array) =
        session.OnCryptoData(level, ReadOnlySpan data)
        |> Option.ofObj
        |> Option.map _.Code

    let fault =
        match feed EncryptionLevel.Initial serverHello with
        | Some code -> Some code
        | None -> feed EncryptionLevel.Handshake (Array.concat (opening @ [ verify; finished ]))

    { Client = session
      Fault = fault
      Answer = bytesAt EncryptionLevel.Handshake session
      FinishedAfter =
        fun before ->
            say before
            finishedBy clientSecret }
