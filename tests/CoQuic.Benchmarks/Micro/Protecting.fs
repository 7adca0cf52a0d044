namespace CoQuic.Benchmarks.Micro

open System
open BenchmarkDotNet.Attributes
open CoQuic.Engine

/// Packet protection (RFC 9001 §5.3), in place: the key that this machine gets, and those of the platform.
type PacketProtection() =
    let iv = Array.create PacketKey.NonceLength 2uy
    let secret length = Array.create length 1uy
    let header = Array.create 20 3uy

    let own =
        PacketKey.Create(CipherSuite.Aes128GcmSha256, ReadOnlySpan(secret 16), ReadOnlySpan iv)

    let platform =
        new PlatformPacketKey(new AesGcmAead(ReadOnlySpan(secret 16)), ReadOnlySpan iv)

    let chaCha =
        PacketKey.Create(CipherSuite.ChaCha20Poly1305Sha256, ReadOnlySpan(secret 32), ReadOnlySpan iv)

    let mutable number = 0UL
    let mutable packet = Array.empty<byte>

    let next () =
        number <- number + 1UL
        number

    let sealBy (key: PacketKey) =
        key.Seal(next (), ReadOnlySpan header, Span packet)

    // What is opened has to be sealed first: only the difference to sealing alone is the opening.
    let sealAndOpenBy (key: PacketKey) =
        sealBy key
        key.TryOpen(number, ReadOnlySpan header, Span packet)

    /// Bytes of a datagram.
    [<Params(64, 1472)>]
    member val Size = 0 with get, set

    [<GlobalSetup>]
    member this.Setup() =
        packet <- Array.zeroCreate<byte>(this.Size - header.Length)

    [<Benchmark>]
    member _.Seal() = sealBy own

    [<Benchmark>]
    member _.SealAndOpen() = sealAndOpenBy own

    [<Benchmark>]
    member _.SealByPlatform() = sealBy platform

    [<Benchmark>]
    member _.SealAndOpenByPlatform() = sealAndOpenBy platform

    [<Benchmark>]
    member _.SealByChaCha20() = sealBy chaCha

/// Header protection (RFC 9001 §5.4): the mask that costs, and what is done with it.
type HeaderProtecting() =
    let packet = Array.init 1_472 byte

    let own =
        HeaderProtectionKey.Create(CipherSuite.Aes128GcmSha256, ReadOnlySpan(Array.create 16 1uy))

    let platform = new PlatformAesHeaderProtectionKey(ReadOnlySpan(Array.create 16 1uy))

    let chaCha =
        HeaderProtectionKey.Create(CipherSuite.ChaCha20Poly1305Sha256, ReadOnlySpan(Array.create 32 1uy))

    // Behind the first byte and a connection ID of 8 bytes.
    let apply key =
        HeaderProtection.Apply(key, Span packet, 9, 2)

    [<Benchmark>]
    member _.Apply() = apply own

    [<Benchmark>]
    member _.ApplyByPlatform() = apply platform

    [<Benchmark>]
    member _.ApplyByChaCha20() = apply chaCha
