module CoQuic.Runtime.Tests.Sockets.SocketGroupTests

open System
open System.Net
open Expecto
open CoQuic.Engine
open CoQuic.Runtime
open CoQuic.Runtime.Tests.SocketKit

let private group kind =
    let openAt endPoint = kind.Open(SocketOptions.bind endPoint)

    new SocketGroup(opened (openAt (IPEndPoint(IPAddress.Loopback, 0))), openAt)

let private anyPort = IPEndPoint(IPAddress.Loopback, 0)

let private say (from: IUdpSocket) (endPoint: IPEndPoint) (byte: byte) =
    sendAll from (outgoing [| byte |] 1 EcnCodepoint.NotEct (routeTo endPoint))

/// A route out of the socket of a number.
let private routeFrom number endPoint =
    let route = routeTo endPoint

    { route with
        Local = { route.Local with Port = number } }

let private tests kind =
    testList
        kind.Name
        [ testCase "datagrams to all sockets are read, with the number of theirs"
          <| fun () ->
              use sockets = group kind
              use peer = openOn kind IPAddress.Loopback
              let second = Expect.wantOk (sockets.Open anyPort) "a second"
              let third = Expect.wantOk (sockets.Open anyPort) "a third"

              for number in [ third; 0us; second; 0us; third ] do
                  say peer (sockets.LocalEndPointOf number) (byte number)
                  let run = receive sockets
                  Expect.equal run.Route.Local.Port number "the socket"
                  Expect.equal (run.Buffer.ToArray()) [| byte number |] "its datagram"

          testCase "runs go out of the socket that their route names"
          <| fun () ->
              use sockets = group kind
              use peer = openOn kind IPAddress.Loopback
              let second = Expect.wantOk (sockets.Open anyPort) "a second"

              for number in [ second; 0us ] do
                  sendAll sockets (outgoing [| 7uy |] 1 EcnCodepoint.NotEct (routeFrom number peer.LocalEndPoint))
                  let run = receive peer
                  Expect.equal run.Route.Remote.Port (uint16 (sockets.LocalEndPointOf number).Port) "its port"

          testCase "a socket that was left is closed a little later, and what is sent there is lost"
          <| fun () ->
              use sockets = group kind
              use peer = openOn kind IPAddress.Loopback
              let second = Expect.wantOk (sockets.Open anyPort) "a second"
              let endPoint = sockets.LocalEndPointOf second
              let now = TimeUs 1_000L
              sockets.Leave(now, second)
              sockets.CloseLeft(now + TimeSpan.FromSeconds 1.0)
              say peer endPoint 1uy
              Expect.equal (receive sockets).Route.Local.Port second "it is read still"
              sockets.CloseLeft(now + TimeSpan.FromSeconds 10.0)
              Expect.isFalse sockets.HasLater "it is closed"
              use again = opened (kind.Open(SocketOptions.bind endPoint))
              sendAll sockets (outgoing [| 7uy |] 1 EcnCodepoint.NotEct (routeFrom second peer.LocalEndPoint))
              Expect.equal again.LocalEndPoint endPoint "and its port free"

          testCase "a socket that takes another's number is written to, and both are read"
          <| fun () ->
              use sockets = group kind
              use peer = openOn kind IPAddress.Loopback
              let former = (sockets :> IUdpSocket).LocalEndPoint
              Expect.isOk (sockets.Replace(TimeUs 0L, 0us, anyPort)) "it opens"
              let present = sockets.LocalEndPointOf 0us
              sendAll sockets (outgoing [| 7uy |] 1 EcnCodepoint.NotEct (routeTo peer.LocalEndPoint))
              Expect.equal (receive peer).Route.Remote.Port (uint16 present.Port) "the new one's port"

              for endPoint in [ former; present ] do
                  say peer endPoint 1uy
                  Expect.equal (receive sockets).Route.Local.Port 0us "the same number"

          testCase "there is a bound to how many are open"
          <| fun () ->
              use sockets = group kind
              let outcomes = List.init 17 (fun _ -> sockets.Open anyPort)
              Expect.isOk outcomes[15] "sixteen"
              Expect.isError outcomes[16] "no more" ]

[<Tests>]
let all = testList "socket groups" (List.map tests kinds)
