module CoQuic.Runtime.Tests.RouteTests

open System.Net
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime

let private addresses port : UdpRoute =
    { Local = UdpAddress.unspecified
      Remote = UdpAddress.ofEndPoint (IPEndPoint(IPAddress.Loopback, port)) }

let private routeOf (table: RouteTable) isAlive port =
    let addresses = addresses port
    table.Of(&addresses, isAlive)

let private nobody _ = false

/// The first bytes of an Initial packet of version 1 between two connection IDs.
let private initial (destination: byte list) (source: byte list) =
    [ 0xc3uy; 0uy; 0uy; 0uy; 1uy ]
    @ byte destination.Length :: destination
    @ byte source.Length :: source
    @ List.replicate 100 0x55uy
    |> List.toArray
    |> Bytes.ofArray

let private isQuoted first (quoted: Bytes) =
    let greeting = Greeting(ConnectionHandle.create 1UL)
    greeting.Say first
    greeting.IsQuotedBy quoted

[<Tests>]
let greetings =
    testCase "only who has seen a connection's first packets can quote them"
    <| fun () ->
        let first = initial [ 1uy .. 8uy ] [ 9uy; 10uy ]
        Expect.isTrue (isQuoted first (initial [ 1uy .. 8uy ] [ 9uy; 10uy ])) "another Initial of the same attempt"
        Expect.isFalse (isQuoted first (initial [ 2uy .. 9uy ] [ 9uy; 10uy ])) "another destination"
        Expect.isFalse (isQuoted first (initial [ 1uy .. 8uy ] [ 9uy; 11uy ])) "another source"
        Expect.isFalse (isQuoted first (initial [ 1uy .. 8uy ] [])) "fewer bytes"
        Expect.isFalse (isQuoted first Bytes.empty) "nothing"
        Expect.isFalse (isQuoted Bytes.empty Bytes.empty) "before anything was sent"

        for length in 1..16 do
            Expect.isFalse (isQuoted first (Bytes.ofArray (first.Span.Slice(0, length).ToArray()))) $"{length} bytes"

[<Tests>]
let tests =
    testList
        "routes"
        [ testCase "a pair of addresses keeps its handle, and others get theirs"
          <| fun () ->
              let table = RouteTable 16
              let first = routeOf table nobody 1
              let second = routeOf table nobody 2
              Expect.notEqual first.Handle second.Handle "two routes"
              Expect.equal (routeOf table nobody 1).Handle first.Handle "the first again"
              Expect.equal (routeOf table nobody 2).Handle second.Handle "the second again"

          testCase "the local address is part of a route"
          <| fun () ->
              let table = RouteTable 16
              let plain = addresses 1

              let other =
                  { plain with
                      Local = UdpAddress.ofEndPoint (IPEndPoint(IPAddress.Parse "127.0.0.2", 0)) }

              Expect.notEqual (table.Of(&plain, nobody)).Handle (table.Of(&other, nobody)).Handle "two routes"

          testCase "a handle leads back to the addresses"
          <| fun () ->
              let table = RouteTable 16
              let first = routeOf table nobody 1
              routeOf table nobody 2 |> ignore
              let found = table.TryFind first.Handle |> nonNull
              Expect.equal found.Addresses (addresses 1) "the addresses"
              Expect.isNull (table.TryFind(RouteHandle 99UL)) "an unknown handle has none"

          testCase "a full table forgets the routes that no connection uses"
          <| fun () ->
              let table = RouteTable 100
              let used = routeOf table nobody 1
              used.Connection <- ConnectionHandle 7UL
              let isAlive connection = connection = ConnectionHandle 7UL

              for port in 2..10_000 do
                  routeOf table isAlive port |> ignore

              Expect.isLessThanOrEqual table.Count 100 "the table is bounded"
              Expect.equal (routeOf table isAlive 1).Handle used.Handle "the route in use is still there"

          testCase "a table full of routes in use forgets the older half rather than refusing newcomers"
          <| fun () ->
              let table = RouteTable 10
              let everybody _ = true
              let first = routeOf table everybody 1

              for port in 2..11 do
                  routeOf table everybody port |> ignore

              Expect.isLessThanOrEqual table.Count 10 "the table is bounded"
              Expect.isNull (table.TryFind first.Handle) "the oldest is gone"
              Expect.isNotNull (table.TryFind (routeOf table everybody 10).Handle) "a younger one is not"

          testCase "no handle is given twice"
          <| fun () ->
              let table = RouteTable 10
              let handles = [ for port in 1..1000 -> (routeOf table nobody port).Handle ]
              Expect.equal (List.distinct handles) handles "all differ" ]
