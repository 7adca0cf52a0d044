namespace CoQuic.Runtime

open System
open CoQuic.Engine
open CoQuic.FSharp

/// How a server's connection IDs look to the load balancer before it (draft-ietf-quic-load-balancers §5): it finds the server by
/// them, whatever address a client comes from.
type LoadBalancing =
    {
        /// The number of the load balancer's configuration, 0 to 6.
        ConfigId: int
        /// The server's ID there, at least 1 byte.
        ServerId: Bytes
        /// The length of the nonce, at least 4 bytes, with shards at least 5; at most 19 together with the server's ID.
        NonceLength: int
        /// The key, 16 bytes; empty for none, and then whoever sees a connection ID can tell the server.
        Key: Secret
    }

/// How a server's connection IDs look to the load balancer before it.
[<RequireQualifiedAccess>]
module internal LoadBalancing =

    /// Where no load balancer has a say: a shard's connection IDs have 9 bytes under a key of their own.
    let private ownNonceLength = 8

    /// A configuration for shards without a load balancer.
    let own () : LoadBalancing =
        let key = Array.zeroCreate<byte> LoadBalancedConnectionIds.KeyLength

        Security.Cryptography.RandomNumberGenerator.Fill(Span key)

        { ConfigId = 0
          ServerId = Bytes.empty
          NonceLength = ownNonceLength
          Key = Secret.ofBytes (Bytes.ofArray key) }

    /// The connection IDs of a server, or of one of its shards: then the first byte of the nonce is the shard's number.
    let scheme (shard: int option) (balancing: LoadBalancing) : Result<LoadBalancedConnectionIds, RuntimeError> =
        let shardBytes =
            match shard with
            | Some number -> [| byte number |]
            | None -> [||]

        let serverId =
            Array.append (balancing.ServerId.Span.ToArray()) shardBytes |> Bytes.ofArray

        try
            Ok(
                new LoadBalancedConnectionIds(
                    balancing.ConfigId,
                    serverId,
                    balancing.NonceLength - shardBytes.Length,
                    Secret.reveal balancing.Key
                )
            )
        with :? ArgumentOutOfRangeException as error ->
            Error(RuntimeError.InvalidOption("LoadBalancing", error.Message))
