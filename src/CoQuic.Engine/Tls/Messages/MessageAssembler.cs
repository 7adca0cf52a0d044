using System;

namespace CoQuic.Engine;

/// <summary>
/// Cuts the bytes of one encryption level into handshake messages; keeps what is there of an incomplete one.
/// </summary>
internal sealed class MessageAssembler
{
    private byte[] _buffer = [];
    private int _start;
    private int _end;

    /// <summary>Whether bytes wait that no message has taken.</summary>
    public bool HasRest => _end > _start;

    private ReadOnlySpan<byte> Rest => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Takes in bytes; the caller has taken out every whole message before.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_buffer.Length - _end < bytes.Length)
            MakeRoom(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_end));
        _end += bytes.Length;
    }

    /// <summary>Takes out the next whole message. It is good until the next append.</summary>
    /// <returns>False when the message is not whole yet, or too large ever to be.</returns>
    public bool TryTake(out HandshakeMessage message, out TransportError? error)
    {
        message = default;
        error = null;
        if (Rest.Length < HandshakeMessage.HeaderSize)
            return false;

        int size = HandshakeMessage.SizeOf(Rest);
        if (size > TlsLimits.MaximumHandshakeMessageSize)
            error = new TransportError(TransportErrorCode.CryptoBufferExceeded, $"a handshake message of {size} bytes");
        if (error is not null || Rest.Length < size)
            return false;
        message = new HandshakeMessage(Rest[..size]);
        _start += size;
        return true;
    }

    /// <summary>Lets go of the buffer while it holds nothing: most of a connection's life is after its handshake.</summary>
    public void ReleaseIfEmpty()
    {
        if (HasRest)
            return;
        _buffer = [];
        (_start, _end) = (0, 0);
    }

    private void MakeRoom(int count)
    {
        int kept = _end - _start;
        byte[] target = kept + count <= _buffer.Length ? _buffer : new byte[Math.Max(2 * kept, kept + count)];
        Rest.CopyTo(target);
        _buffer = target;
        (_start, _end) = (0, kept);
    }
}
