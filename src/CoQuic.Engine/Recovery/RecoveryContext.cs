using System;

namespace CoQuic.Engine;

/// <summary>What loss detection has to know of the rest of the connection at one instant.</summary>
/// <param name="IsHandshakeConfirmed">Whether the handshake is confirmed (RFC 9001 §4.1.2).</param>
/// <param name="HasHandshakeKeys">Whether Handshake packets can be sent.</param>
/// <param name="IsAtAmplificationLimit">Whether nothing can be sent until the peer sends more (RFC 9000 §8.1).</param>
/// <param name="MaxAckDelay">The peer's max_ack_delay.</param>
/// <param name="AckDelayExponent">The peer's ack_delay_exponent, 0 to 20.</param>
internal readonly record struct RecoveryContext(
    bool IsHandshakeConfirmed,
    bool HasHandshakeKeys,
    bool IsAtAmplificationLimit,
    TimeSpan MaxAckDelay,
    int AckDelayExponent)
{
    /// <summary>max_ack_delay while the peer's transport parameters are unknown (RFC 9000 §18.2).</summary>
    public static readonly TimeSpan DefaultMaxAckDelay = TimeSpan.FromMilliseconds(25);

    /// <summary>ack_delay_exponent while the peer's transport parameters are unknown, and of Initial and Handshake packets.</summary>
    public const int DefaultAckDelayExponent = 3;

    /// <summary>A connection that has just begun.</summary>
    public static RecoveryContext Initial =>
        new(false, false, false, DefaultMaxAckDelay, DefaultAckDelayExponent);
}
