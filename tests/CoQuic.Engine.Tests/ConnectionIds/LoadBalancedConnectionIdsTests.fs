module CoQuic.Engine.Tests.ConnectionIds.LoadBalancedConnectionIdsTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

let private hex (text: string) = Convert.FromHexString text

let private bytes (text: string) = Bytes.Wrap(ReadOnlyMemory(hex text))

/// Gives out the same bytes again and again.
type private FixedEntropy(content: byte[]) =
    interface IEntropy with
        member _.Fill destination =
            for index in 0 .. destination.Length - 1 do
                destination[index] <- content[index % content.Length]

let private scheme configId (serverId: string) (nonce: string) key =
    new LoadBalancedConnectionIds(configId, bytes serverId, nonce.Length / 2, bytes key)

let private readServerId (scheme: LoadBalancedConnectionIds) (id: byte[]) length =
    let serverId = Array.zeroCreate<byte> length
    let isRead = scheme.TryReadServerId(ReadOnlySpan id, Span serverId)

    if isRead then
        Some(Convert.ToHexStringLower serverId)
    else
        None

/// The entropy that makes an ID with this nonce, and these five bits of the first byte.
let private entropyFor (id: string) (serverId: string) (nonce: string) =
    FixedEntropy(Array.concat [ hex id[..1]; hex serverId; hex nonce ])

let private vector configId serverId nonce key (id: string) =
    testCase $"{serverId} with {nonce} is {id}"
    <| fun () ->
        let scheme = scheme configId serverId nonce key
        let made = scheme.Generate(entropyFor id serverId nonce)
        Expect.equal (made.ToString()) id "the ID"
        Expect.equal (readServerId scheme (hex id) (serverId.Length / 2)) (Some serverId) "back"

let private draftKey = "8f95f09245765f80256934e50c66207f"

[<Tests>]
let tests =
    testList
        "connection IDs for load balancers"
        [ // draft-ietf-quic-load-balancers, appendix B.1; its second line has a nonce of four and a half bytes.
          vector 0 "c4605e" "4504cc4f" "" "07c4605e4504cc4f"
          // §5.4.2.4
          vector 0 "31441a" "9c69c275" "fdf726a9893ec05c0632d3956680baf0" "0767947d29be054a"
          // Appendix B.2.
          vector 0 "ed793a" "ee080dbf" draftKey "0720b1d07b359d3c"
          vector 1 "ed793a51d49b8f5fab65" "ee080dbf48" draftKey "2fcc381bc74cb4fbad2823a3d1f8fed2"
          vector 2 "ed793a51d49b8f5f" "ee080dbf48c0d1e5" draftKey "504dd2d05a7b0de9b2b9907afb5ecf8cc3"
          // The table says 3 here, but the ID's first byte is that of configuration 0.
          vector 0 "ed793a51d49b8f5fab" "ee080dbf48c0d1e55d" draftKey "125779c9cc86beb3a3a4a3ca96fce4bfe0cdbc"

          property "whatever the lengths, a server's ID comes back, and a packet that begins with it shows it"
          <| fun (random: byte[]) (sizes: byte * byte) ->
              let serverLength = 1 + int (fst sizes) % 15
              let nonceLength = 4 + int (snd sizes) % (16 - serverLength)
              let entropy = FixedEntropy(Array.append random [| 1uy; 2uy; 3uy |])

              let serverId =
                  Array.init serverLength (fun index -> byte (index * 37 + random.Length))

              let scheme =
                  new LoadBalancedConnectionIds(5, Bytes.Wrap(ReadOnlyMemory serverId), nonceLength, bytes draftKey)

              let id = scheme.Generate entropy
              Expect.equal id.Length (1 + serverLength + nonceLength) "its length"
              Expect.equal (id.Span[0] >>> 5) 5uy "the configuration"
              let packet = Array.append (id.Span.ToArray()) [| 9uy; 9uy |]

              Expect.equal
                  (readServerId scheme packet serverLength)
                  (Some(Convert.ToHexStringLower serverId))
                  "the server"

              Expect.equal (scheme.TryRead(ReadOnlySpan packet)) (true, id) "the ID"

          testCase "an ID of another configuration, or one that is too short, shows no server"
          <| fun () ->
              let scheme = scheme 0 "ed793a" "ee080dbf" draftKey
              Expect.isNone (readServerId scheme (hex "2720b1d07b359d3c") 3) "another configuration"
              Expect.isNone (readServerId scheme (hex "0720b1d07b359d") 3) "too short"
              Expect.isNone (readServerId scheme [||] 3) "nothing"

          testCase "what the draft forbids is refused when the scheme is made"
          <| fun () ->
              for configId, serverId, nonceLength, key in
                  [ 7, "01", 4, ""
                    -1, "01", 4, ""
                    0, "", 4, ""
                    0, "01", 3, ""
                    0, "01", 19, ""
                    0, "01", 4, "00" ] do
                  Expect.throwsT<ArgumentOutOfRangeException>
                      (fun () ->
                          new LoadBalancedConnectionIds(configId, bytes serverId, nonceLength, bytes key)
                          |> ignore)
                      $"{configId}, {serverId}, {nonceLength}, {key}" ]
