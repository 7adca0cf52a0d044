using System;

namespace CoQuic.Engine;

/// <summary>
/// What both sides remember of a server's transport parameters for 0-RTT (RFC 9000 §7.4.1): the client beside its ticket, the server
/// in it.
/// </summary>
internal static class RememberedParameters
{
    /// <summary>The parameters without those that a client must not use again.</summary>
    public static TransportParameters Of(TransportParameters parameters) => parameters with
    {
        AckDelayExponent = TransportParameters.DefaultAckDelayExponent,
        MaxAckDelay = TransportParameters.DefaultMaxAckDelay,
        InitialSourceConnectionId = null,
        OriginalDestinationConnectionId = null,
        RetrySourceConnectionId = null,
        PreferredAddress = null,
        StatelessResetToken = null,
        VersionInformation = null,
        GreaseQuicBit = false,
    };

    /// <summary>The parameters of a server in the form in which they are remembered.</summary>
    public static Bytes Encode(TransportParameters parameters) => Bytes.Wrap(TransportParameterCodec.Write(Of(parameters)));

    /// <summary>Reads what was remembered; none when it is damaged.</summary>
    public static TransportParameters? TryDecode(ReadOnlySpan<byte> remembered) =>
        TransportParameterCodec.TryRead(remembered, Role.Server, out TransportParameters? parameters, out _) ? parameters : null;

    /// <summary>
    /// Whether a limit is smaller now: a server that accepts 0-RTT must not lower these (RFC 9000 §7.4.1, RFC 9221 §3).
    /// </summary>
    public static bool AreReduced(TransportParameters remembered, TransportParameters now) =>
        now.ActiveConnectionIdLimit < remembered.ActiveConnectionIdLimit
        || now.InitialMaxData < remembered.InitialMaxData
        || now.InitialMaxStreamDataBidiLocal < remembered.InitialMaxStreamDataBidiLocal
        || now.InitialMaxStreamDataBidiRemote < remembered.InitialMaxStreamDataBidiRemote
        || now.InitialMaxStreamDataUni < remembered.InitialMaxStreamDataUni
        || now.InitialMaxStreamsBidi < remembered.InitialMaxStreamsBidi
        || now.InitialMaxStreamsUni < remembered.InitialMaxStreamsUni
        || now.MaxDatagramFrameSize < remembered.MaxDatagramFrameSize;
}
