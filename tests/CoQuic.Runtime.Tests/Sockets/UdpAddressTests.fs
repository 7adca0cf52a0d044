module CoQuic.Runtime.Tests.UdpAddressTests

open System
open System.Net
open System.Net.Sockets
open Expecto
open CoQuic.Tests
open CoQuic.Runtime

let private endPoint (address: string) port =
    IPEndPoint(IPAddress.Parse address, port)

let private examples =
    [ endPoint "127.0.0.1" 443
      endPoint "255.255.255.255" 65_535
      endPoint "0.0.0.0" 0
      endPoint "::1" 443
      endPoint "2001:db8::1" 4433
      endPoint "fe80::1%3" 1 ]

[<Tests>]
let tests =
    testList
        "UDP addresses"
        [ testCase "an end point survives the way there and back"
          <| fun () ->
              for example in examples do
                  Expect.equal (UdpAddress.toEndPoint (UdpAddress.ofEndPoint example)) example (string example)

          Properties.property "what is written as a socket address is read again"
          <| fun (high: uint64) (low: uint64) (port: uint16) (scope: uint32) ->
              let address: UdpAddress =
                  { High = high
                    Low = low
                    Port = port
                    Scope = scope }

              let bytes = Array.zeroCreate<byte> SocketAddressLayout.maximumSize

              let size =
                  SocketAddressLayout.write AddressFamily.InterNetworkV6 address (Span bytes)

              Expect.equal size bytes.Length "the whole of it"

              Expect.equal
                  (SocketAddressLayout.read AddressFamily.InterNetworkV6 (ReadOnlySpan bytes))
                  address
                  "the address"

          Properties.property "IPv4 socket addresses as well"
          <| fun (host: uint32) (port: uint16) ->
              let address = UdpAddress.ofIPv4 host port
              let bytes = Array.zeroCreate<byte> SocketAddressLayout.maximumSize

              SocketAddressLayout.write AddressFamily.InterNetwork address (Span bytes)
              |> ignore

              Expect.equal
                  (SocketAddressLayout.read AddressFamily.InterNetwork (ReadOnlySpan bytes))
                  address
                  "the address"

          testCase "the address validation identity is a family, an address and a port in network order"
          <| fun () ->
              let identity example =
                  (UdpAddress.validationIdentity (UdpAddress.ofEndPoint example)).ToHex()

              Expect.equal (identity (endPoint "127.0.0.1" 443)) "047f00000101bb" "7 bytes for IPv4"

              Expect.equal
                  (identity (endPoint "2001:db8::1" 4433))
                  "0620010db80000000000000000000000011151"
                  "19 bytes for IPv6" ]
