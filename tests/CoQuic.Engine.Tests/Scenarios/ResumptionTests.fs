/// Sessions that go on (RFC 9001 §4.5), over two endpoints.
module CoQuic.Engine.Tests.Scenarios.ResumptionTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Visits

let private quiet = ZeroRttConfig(ApplicationContext = context)

let private returns state zeroRtt pair =
    openConnection (OpenConnection(Route = RouteHandle 1UL, ResumptionState = state, ZeroRtt = zeroRtt)) pair
    Expect.isTrue (runUntil minute confirmed pair) "the handshake is confirmed"
    pair

let private decode (state: Bytes) =
    match ResumptionState.TryRead state.Span with
    | true, (NonNull decoded) -> decoded
    | _ -> failtest "a state"

[<Tests>]
let tests =
    testList
        "resumption"
        [ testCase "a session is resumed, and told so on both sides"
          <| fun () ->
              let pair, state = acquaintances 1 ideal
              let pair = returns state quiet pair

              for side in [ Client; Server ] do
                  Expect.isTrue (information side pair).WasResumed $"{side}"

              Expect.isTrue (information Client pair).PeerCertificate.IsEmpty "no certificate was shown"
              Expect.equal (statuses pair) [ ZeroRttStatus.NotAttempted ] "nobody asked for early data"
              Expect.equal (List.length (tickets pair)) 2 "new tickets"

          testCase "without a state there is a new session, and nothing to tell of early data"
          <| fun () ->
              let pair, _ = acquaintances 1 ideal
              let pair = returns Bytes.Empty early pair
              Expect.isFalse (information Client pair).WasResumed "new"
              Expect.isEmpty (statuses pair) "no status"

          testCase "any damage to a state makes a new session, and never fails a connection"
          <| fun () ->
              let pair, state = acquaintances 1 ideal

              for index in 0..29 .. state.Length - 1 do
                  let damaged = state.ToArray()
                  damaged[index] <- damaged[index] ^^^ 4uy
                  let pair = returns (Bytes.CopyOf(ReadOnlySpan damaged)) early (fresh pair)
                  Expect.isFalse (information Client pair).WasResumed $"byte {index}"
                  Expect.equal (statuses pair) [ ZeroRttStatus.Unavailable ] $"byte {index}"

          testCase "a state that is cut short, or of another implementation, makes a new session"
          <| fun () ->
              let pair, state = acquaintances 1 ideal

              for foreign in
                  [ state.Slice(0, state.Length / 2)
                    state.Slice(0, 3)
                    Bytes.FromHex "0100000001" ] do
                  let pair = returns foreign early (fresh pair)
                  Expect.isFalse (information Client pair).WasResumed $"{foreign.Length} bytes"

          testCase "what is opaque reads back as it was written"
          <| fun () ->
              let _, state = acquaintances 1 ideal
              let decoded = decode state
              Expect.equal (decoded.Encode()) state "again"
              Expect.equal decoded.ServerName "localhost" "the server"
              Expect.equal decoded.Version QuicVersion.V1 "the version"
              Expect.isFalse decoded.IsVerified "nobody verified the certificate"
              Expect.isFalse ($"{decoded}".Contains(decoded.Key.ToHex()[..15])) "the key is not printed"

          testCase "after its lifetime a ticket is not offered any more (RFC 8446 §4.2.11.1)"
          <| fun () ->
              let pair, state = acquaintances 1 ideal
              pair.Now <- pair.Now + TimeSpan.FromDays 1.1
              let pair = returns state early pair
              Expect.isFalse (information Client pair).WasResumed "new"
              Expect.equal (statuses pair) [ ZeroRttStatus.Unavailable ] "too old"

          testCase "a ticket is offered for days, and its age is right to the second"
          <| fun () ->
              let pair, state = acquaintances 1 ideal
              pair.Now <- pair.Now + TimeSpan.FromHours 20.0
              let pair = returns state early pair
              Expect.isTrue (information Client pair).WasResumed "resumed"
              Expect.contains (statuses pair) ZeroRttStatus.Accepted "and fresh enough for early data"

          testCase "a session behind a certificate that nobody verified is not resumed by a client that verifies"
          <| fun () ->
              let _, state = acquaintances 1 ideal

              let plan verify =
                  let config =
                      EndpointConfig(
                          Role = Role.Client,
                          Entropy = TestEntropy 1UL,
                          Calendar = CalendarAnchor(DateTimeOffset.UnixEpoch, origin),
                          ApplicationProtocols = [| "test" |],
                          VerifyPeer = verify
                      )

                  ResumptionPlan.Of(
                      config,
                      OpenConnection(ResumptionState = state),
                      QuicVersion.V1,
                      (decode state).ReceivedAt
                  )

              Expect.isNotNull (plan false).Session "without verification"
              Expect.isNull (plan true).Session "with it"

          testCase "a server that gives no tickets resumes nothing"
          <| fun () ->
              let giving none = { none with Tickets = 0 }
              let pair = Pair.create 1 ideal |> before (server giving)
              connect pair
              Expect.isTrue (runUntil minute confirmed pair) "confirmed"
              absorb Client (pair.Client.CloseConnection(pair.Now, pair.ClientConnection, 0UL, "")) pair

              Expect.isTrue
                  (runUntil minute (fun pair -> pair.Client.ConnectionCount = 0) pair)
                  "the connection is over"

              Expect.isEmpty (tickets pair) "no ticket"

          testCase "tickets survive loss: they are handshake data like any other"
          <| fun () ->
              for seed in 1..20 do
                  let pair = withConfigs (client id) (server id) seed { ideal with Loss = 0.2 }

                  openConnection (OpenConnection(Route = RouteHandle 1UL)) pair

                  Expect.isTrue
                      (runUntil minute (fun pair -> List.length (tickets pair) = 2) pair)
                      $"seed {seed}: two tickets" ]
