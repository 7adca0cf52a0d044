using System;

namespace CoQuic.Engine;

/// <summary>CRYPTO data of one encryption level, both ways (RFC 9000 §19.6): a stream without flow control and without end.</summary>
internal sealed class CryptoStream
{
    /// <summary>How far beyond what was read a peer may send: RFC 9000 §7.5 asks for 4096 bytes or more, a certificate chain for more.</summary>
    public const ulong MaximumBuffered = 128 * 1024;

    private readonly Reassembler _receiving = new();

    /// <summary>What we send.</summary>
    public SendBuffer Sending { get; } = new();

    /// <summary>Whether there is anything to send, for the first time or again.</summary>
    public bool HasPending => Sending.HasUnsent || Sending.HasCreditless;

    /// <summary>Takes the content of a CRYPTO frame.</summary>
    public TransportError? OnCrypto(ulong offset, ReadOnlyMemory<byte> data)
    {
        if (offset + (ulong)data.Length > _receiving.ReadBytes + MaximumBuffered)
            return new TransportError(TransportErrorCode.CryptoBufferExceeded, "CRYPTO data too far ahead");
        return _receiving.Insert(offset, data, owned: true)
            ? null
            : new TransportError(TransportErrorCode.CryptoBufferExceeded, "CRYPTO data in too many pieces");
    }

    /// <summary>The next bytes in order.</summary>
    public bool TryRead(out Bytes data) => _receiving.TryRead(out _, out data);
}
