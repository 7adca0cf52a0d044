namespace CoQuic.Benchmarks.Micro

open System
open System.Security.Cryptography
open BenchmarkDotNet.Attributes
open CoQuic.Engine

/// Key exchange (RFC 7748 §6.1), which each side of a handshake does once: a public key, and a secret for the peer's.
type KeyExchanging() =
    let privateKey = Array.init 32 (fun index -> byte (7 * index + 3))
    let result: byte array = Array.zeroCreate 32
    let peer: byte array = Array.zeroCreate 32

    do X25519.MultiplyBase(ReadOnlySpan(Array.create 32 1uy), Span peer)

    [<Benchmark>]
    member _.X25519PublicKey() =
        X25519.MultiplyBase(ReadOnlySpan privateKey, Span result)

    [<Benchmark>]
    member _.X25519Secret() =
        X25519.Multiply(ReadOnlySpan privateKey, ReadOnlySpan peer, Span result)

/// Key derivation (RFC 9001 §5.1), some forty times in a handshake.
type KeyDeriving() =
    let secret32 = Array.init 32 byte
    let secret48 = Array.init 48 byte
    let output: byte array = Array.zeroCreate 16

    let expandLabel (hash: HashAlgorithmName) (secret: byte array) =
        Hkdf.ExpandLabel(hash, ReadOnlySpan secret, ReadOnlySpan("quic key"B), ReadOnlySpan.Empty, Span output)

    [<Benchmark>]
    member _.ExpandLabel() =
        expandLabel HashAlgorithmName.SHA256 secret32

    [<Benchmark>]
    member _.ExpandLabelSha384() =
        expandLabel HashAlgorithmName.SHA384 secret48

    /// From a traffic secret to keys that protect packets, which are given back.
    [<Benchmark>]
    member _.MakePacketProtection() =
        use protection =
            CoQuic.Engine.PacketProtection.Create(QuicVersion.V1, CipherSuite.Aes128GcmSha256, ReadOnlySpan secret32)

        protection.Key.Dispose()
