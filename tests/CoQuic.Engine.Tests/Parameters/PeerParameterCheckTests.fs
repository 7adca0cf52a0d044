module CoQuic.Engine.Tests.Parameters.PeerParameterCheckTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios

let private id (value: byte) =
    ConnectionId(ReadOnlySpan(Array.create 8 value))

let private original = id 1uy
let private local = id 2uy
let private remote = id 3uy

let private resetTokens =
    StatelessResetTokens(Bytes.Wrap(ReadOnlyMemory(Array.zeroCreate 32)))

let private setup role =
    let config =
        match role with
        | Role.Client -> Pair.clientConfig 1UL
        | Role.Server
        | _ -> Pair.serverConfig "test" 1UL

    ConnectionSetup(
        Config = config,
        ResetTokens = resetTokens,
        Resets = StatelessResetTable(resetTokens),
        Router = DatagramRouter(),
        Certificates = new KnownCertificates(),
        Handle = ConnectionHandle 1UL,
        Version = QuicVersion.V1,
        LocalId = local,
        RemoteId = remote,
        InitialDestinationId = original,
        OriginalDestinationId = original,
        IsAddressValidated = true,
        Route = Nullable(),
        CalendarTime = DateTimeOffset.UnixEpoch
    )

let private fromServer =
    TransportParameters(
        InitialSourceConnectionId = Nullable remote,
        OriginalDestinationConnectionId = Nullable original
    )

let private fromClient =
    TransportParameters(InitialSourceConnectionId = Nullable remote)

let private judgeAfter retrySource role parameters =
    match Option.ofObj (PeerParameterCheck.Authenticate(parameters, setup role, remote, retrySource)) with
    | None -> None
    | Some error ->
        Expect.equal error.Code TransportErrorCode.TransportParameterError "the code of RFC 9000 §7.3"
        Some(error.Reason.Split(' ')[0])

let private judge role parameters = judgeAfter (Nullable()) role parameters

/// What a parameter may wrongly be.
let private wrong = [ Nullable(); Nullable(id 9uy); Nullable ConnectionId.Empty ]

[<Tests>]
let tests =
    testList
        "Parameters.PeerParameterCheck (RFC 9000 §7.3)"
        [ testCase "what the packets said is accepted"
          <| fun () ->
              Expect.isNone (judge Role.Client fromServer) "a server's"
              Expect.isNone (judge Role.Server fromClient) "a client's"

          testCase "initial_source_connection_id must be what the peer's packets came from"
          <| fun () ->
              let config value =
                  TransportParameters(
                      InitialSourceConnectionId = value,
                      OriginalDestinationConnectionId = Nullable original
                  )

              for value in wrong do
                  let expected = Some "initial_source_connection_id"
                  Expect.equal (judge Role.Client (config value)) expected $"a server's {value}"
                  Expect.equal (judge Role.Server (config value)) expected $"a client's {value}"

          testCase "original_destination_connection_id must be what the client's first packet went to"
          <| fun () ->
              for value in wrong do
                  let parameters =
                      TransportParameters(
                          InitialSourceConnectionId = Nullable remote,
                          OriginalDestinationConnectionId = value
                      )

                  Expect.equal (judge Role.Client parameters) (Some "original_destination_connection_id") $"{value}"

          testCase "retry_source_connection_id without a Retry is refused"
          <| fun () ->
              let parameters =
                  TransportParameters(
                      InitialSourceConnectionId = Nullable remote,
                      OriginalDestinationConnectionId = Nullable original,
                      RetrySourceConnectionId = Nullable remote
                  )

              Expect.equal (judge Role.Client parameters) (Some "retry_source_connection_id") "nobody sent a Retry"

          testCase "after a Retry, retry_source_connection_id must be what it came from"
          <| fun () ->
              let parameters value =
                  TransportParameters(
                      InitialSourceConnectionId = Nullable remote,
                      OriginalDestinationConnectionId = Nullable original,
                      RetrySourceConnectionId = value
                  )

              let after = judgeAfter (Nullable(id 4uy)) Role.Client
              Expect.isNone (after (parameters (Nullable(id 4uy)))) "the server sent the Retry"

              for value in wrong do
                  Expect.equal (after (parameters value)) (Some "retry_source_connection_id") $"{value}" ]
