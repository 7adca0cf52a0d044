module CoQuic.Engine.Tests.Scenarios.StatelessResetTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests
open CoQuic.Engine.Tests.Scenarios
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Attacker
open CoQuic.Engine.Tests.Scenarios.Unmoved

let private await what condition pair =
    Expect.isTrue (runUntil (TimeSpan.FromMinutes 1.0) condition pair) what

let private key (fill: byte) = bytesOf (Array.create 32 fill)

let private serverWith (fill: byte) settings =
    having ([ "StatelessResetKey", box (key fill) ] @ settings) (serverConfig "test" 1UL)

/// A pair whose handshake is confirmed, and whose server has then been replaced by one that knows nothing.
let private restarted (fill: byte) settings =
    let pair = Pair.withConfigs (clientConfig 1UL) (serverWith 1uy settings) 1 ideal
    connect pair
    await "confirmed" confirmed pair
    pass (TimeSpan.FromSeconds 1.0) pair

    { pair with
        Server = new QuicEndpoint(serverWith fill settings) }

let private say pair =
    send Client (StreamId 0UL) (Array.create 100 1uy) false pair |> ignore

/// A datagram that looks like a 1-RTT packet to a connection ID that nobody has.
let private toNobody length (seed: int) =
    let bytes = noise length seed
    bytes[0] <- (bytes[0] &&& 0x3fuy) ||| 0x40uy
    bytes

let private answers (bytes: byte[]) pair =
    [ for effect in (feed Server bytes pair).Effects -> (effect :?> SendDatagramEffect).Bytes ]

[<Tests>]
let tests =
    testList
        "scenario: stateless reset (RFC 9000 §10.3)"
        [ testCase "a client whose server has lost all state hears of it at its next packet"
          <| fun () ->
              let pair = restarted 1uy []
              say pair
              await "it ends" (fun p -> (closeReason Client p).IsSome) pair
              let reason = (closeReason Client pair).Value
              Expect.equal reason.Origin CloseOrigin.StatelessReset "why"
              let before = pair.Sent[Client]
              await "it is forgotten" (fun p -> p.Client.ConnectionCount = 0) pair
              Expect.equal pair.Sent[Client] before "and nothing more is sent (RFC 9000 §10.3.1)"

          testCase "a server with another key cannot reset it"
          <| fun () ->
              let pair = restarted 2uy []
              say pair
              pass (TimeSpan.FromSeconds 5.0) pair
              Expect.isNone (closeReason Client pair) "it goes on"

          testCase "the reset comes to a random connection ID, and no two are alike but for their token"
          <| fun () ->
              let pair = restarted 1uy []

              let packet =
                  Array.append [| 0x40uy |] (Array.append ((idOf Server pair).Span.ToArray()) (noise 100 1))

              let first, second = (answers packet pair).Head, (answers packet pair).Head
              Expect.notEqual (first.Slice(0, first.Length - 16)) (second.Slice(0, second.Length - 16)) "random"
              Expect.equal (first.Slice(first.Length - 16)) (second.Slice(second.Length - 16)) "the same token"
              Expect.notEqual (first.Slice(1, 8)) ((idOf Client pair).ToBytes()) "not the client's ID"
              Expect.equal (first[0] &&& 0xc0uy) 0x40uy "a short header"
              strike Client (first.ToArray()) pair
              Expect.equal (closeReason Client pair).Value.Origin CloseOrigin.StatelessReset "and it works"

          testCase "a datagram to the client's own ID that ends in the token resets too, short header or long"
          <| fun () ->
              for first in [ 0x40uy; 0xe0uy; 0xc0uy ] do
                  let pair = restarted 1uy []

                  let packet =
                      Array.append [| 0x40uy |] (Array.append ((idOf Server pair).Span.ToArray()) (noise 100 1))

                  let reset = (answers packet pair).Head
                  let id = (idOf Client pair).Span.ToArray()

                  let header =
                      if first >= 0x80uy then
                          Array.concat [ [| first; 0uy; 0uy; 0uy; 1uy; 8uy |]; id; [| 0uy; 0x40uy; 30uy |] ]
                      else
                          Array.append [| first |] id

                  let datagram =
                      Array.concat [ header; noise 30 2; reset.Slice(reset.Length - 16).ToArray() ]

                  strike Client datagram pair
                  Expect.equal (closeReason Client pair).Value.Origin CloseOrigin.StatelessReset $"{first}"

          testCase "a token with one bit changed does nothing"
          <| fun () ->
              let pair = restarted 1uy []

              let packet =
                  Array.append [| 0x40uy |] (Array.append ((idOf Server pair).Span.ToArray()) (noise 100 1))

              let reset = (answers packet pair).Head.ToArray()

              for position in reset.Length - 16 .. reset.Length - 1 do
                  let damaged = Array.copy reset
                  damaged[position] <- damaged[position] ^^^ 1uy
                  expectNothing Client damaged $"byte {position}" pair

          testCase "each reset is smaller than what it answers, and what is too small gets none"
          <| fun () ->
              let pair = Pair.withConfigs (clientConfig 1UL) (serverWith 1uy []) 1 ideal

              for length in 9..21 do
                  Expect.isEmpty (answers (toNobody length length) pair) $"{length} bytes"

              for length in 22..43 do
                  Expect.equal [ for a in answers (toNobody length length) pair -> a.Length ] [ length - 1 ] "one less"

              for length in [ 44; 100; 1200 ] do
                  Expect.equal [ for a in answers (toNobody length length) pair -> a.Length ] [ 42 ] "no more"

          testCase "two servers that know nothing of each other fall silent (RFC 9000 §10.3.3)"
          <| fun () ->
              let one = Pair.withConfigs (clientConfig 1UL) (serverWith 1uy []) 1 ideal
              let two = Pair.withConfigs (clientConfig 2UL) (serverWith 2uy []) 2 ideal
              let mutable datagram = Some(toNobody 1000 1)
              let mutable exchanged = 0

              while datagram.IsSome do
                  let pair = if exchanged % 2 = 0 then one else two
                  datagram <- answers datagram.Value pair |> List.tryHead |> Option.map _.ToArray()
                  exchanged <- exchanged + 1
                  Expect.isLessThan exchanged 100 "it ends"

          testCase "so many resets are sent in a second, and no more"
          <| fun () ->
              let pair = Pair.withConfigs (clientConfig 1UL) (serverWith 1uy []) 1 ideal

              let count =
                  List.sum
                      [ for seed in 0 .. StatelessLimits.MaximumResets + 9 -> (answers (toNobody 50 seed) pair).Length ]

              Expect.equal count StatelessLimits.MaximumResets "bounded"

              Expect.equal
                  (pair.Server.CountDropped DropReason.UnknownConnection)
                  (uint64 StatelessLimits.MaximumResets + 10UL)
                  "all are counted"

          testCase "long headers get resets only on request, and only Handshake packets do"
          <| fun () ->
              let handshake =
                  Array.append
                      (Convert.FromHexString "e00000000108aaaaaaaaaaaaaaaa08bbbbbbbbbbbbbbbb4100")
                      (noise 256 1)

              let zeroRtt = Array.append [| 0xd0uy |] handshake[1..]
              let silent = Pair.withConfigs (clientConfig 1UL) (serverWith 1uy []) 1 ideal

              let willing =
                  Pair.withConfigs
                      (clientConfig 1UL)
                      (serverWith 1uy [ "EnableLongHeaderStatelessReset", box true ])
                      1
                      ideal

              Expect.isEmpty (answers handshake silent) "not by default"
              Expect.isEmpty (answers zeroRtt willing) "not for 0-RTT"
              let reset = (answers handshake willing).Head
              Expect.equal (reset[0] &&& 0xc0uy) 0x40uy "a short header"

              let token =
                  StatelessResetTokens(key 1uy).Of(ConnectionId(ReadOnlySpan(Array.create 8 0xaauy)))

              Expect.equal (reset.Slice(reset.Length - 16).ToArray()) (token.Span.ToArray()) "with the token of the ID"

          testCase "a client sends none"
          <| fun () ->
              let pair = restarted 1uy []
              expectNothing Client (toNobody 100 1) "to nobody" pair

          testCase "after the connection is gone nobody looks for its token any more"
          <| fun () ->
              let pair = restarted 1uy []

              let packet =
                  Array.append [| 0x40uy |] (Array.append ((idOf Server pair).Span.ToArray()) (noise 100 1))

              let reset = (answers packet pair).Head.ToArray()
              absorb Client (pair.Client.CloseConnection(pair.Now, pair.ClientConnection, 0UL, "")) pair
              await "it is forgotten" (fun p -> p.Client.ConnectionCount = 0) pair
              expectNothing Client reset "too late" pair

          testCase "a closing connection falls silent at a reset, and says no second time that it has ended"
          <| fun () ->
              let pair = restarted 1uy []

              let packet =
                  Array.append [| 0x40uy |] (Array.append ((idOf Server pair).Span.ToArray()) (noise 100 1))

              let reset = (answers packet pair).Head.ToArray()
              absorb Client (pair.Client.CloseConnection(pair.Now, pair.ClientConnection, 7UL, "done")) pair
              strike Client reset pair
              Expect.equal (closeReason Client pair).Value.Code 7UL "one reason, the first"

          testCase "looking for a reset allocates nothing"
          <| fun () ->
              let tokens = StatelessResetTokens(key 1uy)
              let table = StatelessResetTable tokens
              let token = tokens.Of(ConnectionId(ReadOnlySpan(Array.create 8 1uy)))
              table.Add(&token, Unchecked.defaultof<Connection>)
              let datagram = toNobody 100 1

              let bytes =
                  Allocations.ofAction (fun () -> table.Find(ReadOnlySpan datagram) |> ignore)

              Expect.equal bytes 0L "nothing" ]
