/// Resumption with a peer that breaks its rules.
module CoQuic.Engine.Tests.Tls.HostileResumptionTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Tls.Messages
open CoQuic.Engine.Tests.Tls.Pair
open CoQuic.Engine.Tests.Tls.ResumptionTests

let private illegal role =
    Some(role, AlertDescription.IllegalParameter)

/// A second session, with the messages of a kind changed.
let private resumeEditing early sender kind change =
    let session = firstSession client (resuming ()) 0u early |> List.head

    runOver
        (editing sender kind change)
        (clientSession { client with Session = Some session })
        (serverSession (resuming ()))

let private flipLast (message: byte array) =
    set (message.Length - 1) (message[message.Length - 1] ^^^ 1uy) message

[<Tests>]
let tests =
    testList
        "TLS resumption: hostile peers"
        [ testCase "a binder wrong by a bit is a decrypt_error (RFC 8446 §4.2.11)"
          <| fun () ->
              let outcome = resumeEditing false Role.Client HandshakeType.ClientHello flipLast
              Expect.equal (alert outcome) (Some(Role.Server, AlertDescription.DecryptError)) "the server"

          testCase "a binder covers all of the ClientHello before it"
          <| fun () ->
              for index in [ 6; 20; 60; 120 ] do
                  let outcome =
                      resumeEditing false Role.Client HandshakeType.ClientHello (fun hello ->
                          set index (hello[index] ^^^ 1uy) hello)

                  Expect.isFalse (isComplete outcome) $"byte {index}"

          testCase "a second ClientHello's binder covers the first one and the HelloRetryRequest (RFC 8446 §4.2.11.2)"
          <| fun () ->
              let session = firstSession client (resuming ()) 0u false |> List.head
              let mutable seen = 0

              let second (hello: byte array) =
                  seen <- seen + 1
                  if seen = 2 then flipLast hello else hello

              let outcome =
                  runOver
                      (editing Role.Client HandshakeType.ClientHello second)
                      (clientSession { client with Session = Some session })
                      (serverSession
                          { (resuming ()) with
                              Groups = [ NamedGroup.Secp256r1 ] })

              Expect.equal (alert outcome) (Some(Role.Server, AlertDescription.DecryptError)) "the server"

          testCase "tickets beyond those that are looked at cost nothing, and resume nothing"
          <| fun () ->
              let session = firstSession client (resuming ()) 0u false |> List.head

              let offer count =
                  let stranger = PskIdentity(bytes [ 1uy; 2uy; 3uy ], 0u)
                  let binder = Bytes.CopyOf(ReadOnlySpan(Array.zeroCreate 32))

                  ClientHello(
                      Random = Bytes.CopyOf(ReadOnlySpan(Array.zeroCreate 32)),
                      CipherSuites = client.Suites,
                      HasDheMode = true,
                      PreSharedKeys =
                          OfferedPsks(
                              [| yield! Array.replicate count stranger
                                 yield PskIdentity(session.Ticket, session.ObfuscatedTicketAge) |],
                              Array.replicate (count + 1) binder
                          ),
                      ServerName = "server.example"
                  )

              let choice =
                  ServerChoice(
                      CipherSuite.Aes128GcmSha256,
                      NamedGroup.X25519,
                      KeyShareEntry(NamedGroup.X25519, Bytes.Empty),
                      "hq-interop",
                      Bytes.Empty
                  )

              let find count =
                  (resumption policy).Find(offer count, choice)
                  |> Option.ofObj
                  |> Option.map _.Index

              Expect.equal (find 0) (Some 0) "the first"
              Expect.equal (find (TlsLimits.MaximumTicketsTried - 1)) (Some 3) "the last that is looked at"
              Expect.isNone (find TlsLimits.MaximumTicketsTried) "one more"

          testCase "any damage to a ticket is a ticket that nobody issued"
          <| fun () ->
              let session = firstSession client (resuming ()) 0u false |> List.head

              for index in 0..7 .. session.Ticket.Length - 1 do
                  let damaged = session.Ticket.ToArray()
                  damaged[index] <- damaged[index] ^^^ 0x10uy

                  let changed =
                      SessionToResume(
                          Ticket = Bytes.CopyOf(ReadOnlySpan damaged),
                          Key = session.Key,
                          CipherSuite = session.CipherSuite,
                          ApplicationProtocol = session.ApplicationProtocol,
                          ObfuscatedTicketAge = session.ObfuscatedTicketAge,
                          OffersEarlyData = false
                      )

                  let outcome = run { client with Session = Some changed } (resuming ())
                  Expect.isTrue (isComplete outcome && not outcome.Server.WasResumed) $"byte {index}"

          for what, change in
              [ "an identity that was not offered", mapExtensions (replacing ExtensionType.PreSharedKey [| 0uy; 1uy |])
                "a cipher suite of another hash", set 40 2uy ] do
              testCase $"a client refuses {what} (RFC 8446 §4.2.11)"
              <| fun () ->
                  let outcome = resumeEditing false Role.Server HandshakeType.ServerHello change
                  Expect.equal (alert outcome) (illegal Role.Client) "the client"

          testCase "a client that offered no key refuses one"
          <| fun () ->
              let outcome =
                  runEditing
                      Role.Server
                      HandshakeType.ServerHello
                      (mapExtensions (adding (int ExtensionType.PreSharedKey) [| 0uy; 0uy |]))

              Expect.equal (alert outcome) (Some(Role.Client, AlertDescription.UnsupportedExtension)) "the client"

          testCase "early data that was not offered cannot be accepted"
          <| fun () ->
              let outcome =
                  resumeEditing
                      false
                      Role.Server
                      HandshakeType.EncryptedExtensions
                      (mapExtensions (adding (int ExtensionType.EarlyData) [||]))

              Expect.equal (alert outcome) (Some(Role.Client, AlertDescription.UnsupportedExtension)) "the client"

          testCase "early data cannot be accepted in a session that begins anew"
          <| fun () ->
              let session = firstSession client (resuming ()) 0u true |> List.head

              let outcome =
                  runOver
                      (editing
                          Role.Server
                          HandshakeType.EncryptedExtensions
                          (mapExtensions (adding (int ExtensionType.EarlyData) [||])))
                      (clientSession { client with Session = Some session })
                      (serverSession server)

              Expect.equal (alert outcome) (illegal Role.Client) "the client"

          testCase "a resumed session shows no certificate: one is unexpected"
          <| fun () ->
              let outcome =
                  resumeEditing false Role.Server HandshakeType.EncryptedExtensions (fun extensions ->
                      Array.append extensions (CertificateMessage.Encode(ReadOnlySpan(), identity.CertificateChain)))

              Expect.equal (alert outcome) (Some(Role.Client, AlertDescription.UnexpectedMessage)) "the client"

          testCase "an EndOfEarlyData has no place in QUIC (RFC 9001 §8.3)"
          <| fun () ->
              let session = firstSession client (resuming ()) 0u true |> List.head

              let endOfEarlyData: Wire =
                  fun from level data ->
                      [ if from = Role.Client && level = EncryptionLevel.Handshake then
                            message HandshakeType.EndOfEarlyData [||]
                        data ]

              let outcome =
                  runOver
                      endOfEarlyData
                      (clientSession { client with Session = Some session })
                      (serverSession (resuming ()))

              Expect.equal (alert outcome) (Some(Role.Server, AlertDescription.UnexpectedMessage)) "the server" ]
