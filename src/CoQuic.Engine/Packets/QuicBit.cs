using System;
using System.Buffers.Binary;

namespace CoQuic.Engine;

/// <summary>
/// The QUIC bit of packets that are sent (RFC 9287): 1, until the peer has said that it takes anything, and unpredictable from then on.
/// </summary>
/// <param name="entropy">Where unpredictable bits come from, 64 at a time.</param>
internal sealed class QuicBit(IEntropy entropy)
{
    private bool _isGreased;
    private ulong _bits;
    private int _left;

    /// <summary>The peer has sent grease_quic_bit, and we want to make use of it.</summary>
    public void Grease() => _isGreased = true;

    /// <summary>The value for the next packet.</summary>
    public bool Next()
    {
        if (!_isGreased)
            return true;
        if (_left == 0)
            Draw();
        _left--;
        return ((_bits >> _left) & 1) != 0;
    }

    private void Draw()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        entropy.Fill(bytes);
        _bits = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        _left = 8 * sizeof(ulong);
    }
}
