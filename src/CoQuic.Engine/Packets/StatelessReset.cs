using System;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>
/// A Stateless Reset (RFC 9000 §10.3): a datagram that looks like a short header packet and ends in a token.
/// </summary>
internal static class StatelessReset
{
    /// <summary>5 unpredictable bytes and the token.</summary>
    public const int MinimumLength = 5 + StatelessResetToken.Length;

    // Larger than this there is nothing to hide: RFC 9000 §10.3 asks for one byte less only up to 43 bytes.
    private const int MaximumLength = 42;

    /// <summary>
    /// The last 16 bytes of a datagram that could be a Stateless Reset. Other versions may use a long header for it.
    /// </summary>
    public static bool TryReadToken(ReadOnlySpan<byte> datagram, out StatelessResetToken token)
    {
        bool read = datagram.Length >= MinimumLength;
        token = read ? new StatelessResetToken(datagram[^StatelessResetToken.Length..]) : default;
        return read;
    }

    /// <summary>
    /// How long a reset may be that answers a datagram: always shorter, so that two endpoints without state fall silent
    /// (RFC 9000 §10.3.3). 0 when the datagram is too short to be answered.
    /// </summary>
    public static int LengthFor(int datagramLength)
    {
        int length = Math.Min(datagramLength - 1, MaximumLength);
        return length < MinimumLength ? 0 : length;
    }

    /// <summary>Fills a datagram of at least <see cref="MinimumLength"/> bytes.</summary>
    public static void Write(IEntropy entropy, in StatelessResetToken token, Span<byte> datagram)
    {
        Debug.Assert(datagram.Length >= MinimumLength, "a Stateless Reset has at least 21 bytes");
        entropy.Fill(datagram[..^StatelessResetToken.Length]);
        datagram[0] = (byte)((datagram[0] & 0x3f) | PacketHeader.FixedBit);
        token.Span.CopyTo(datagram[^StatelessResetToken.Length..]);
    }
}
