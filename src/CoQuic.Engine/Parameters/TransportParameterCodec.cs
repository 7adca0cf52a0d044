using System;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>Transport parameters on the wire (RFC 9000 §18): a sequence of number, length, value.</summary>
internal static class TransportParameterCodec
{
    /// <summary>Reads and checks all parameters. Those that we do not know are ignored (RFC 9000 §7.4.2).</summary>
    /// <param name="bytes">The contents of the quic_transport_parameters extension.</param>
    /// <param name="sender">Who sent them: a client may not send all of them.</param>
    /// <param name="parameters">The parameters.</param>
    /// <param name="error">TRANSPORT_PARAMETER_ERROR, when there are none.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> bytes,
        Role sender,
        [NotNullWhen(true)] out TransportParameters? parameters,
        [NotNullWhen(false)] out TransportError? error)
    {
        parameters = new TransportParameters();
        var seen = default(SeenParameters);
        var reader = new QuicReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadVarInt(out ulong number) || !reader.TryReadLengthPrefixed(out ReadOnlySpan<byte> value))
                return Fail("The transport parameters are cut short.", out parameters, out error);
            var id = (TransportParameterId)number;
            if (!seen.TryAdd(id))
                return Fail($"The transport parameter {id} appears twice.", out parameters, out error);
            if (sender == Role.Client && IsServerOnly(id))
                return Fail($"A client must not send the transport parameter {id}.", out parameters, out error);
            parameters = ReadValue(parameters, id, value, sender);
            if (parameters is null)
                return Fail($"The transport parameter {id} is invalid.", out parameters, out error);
        }

        error = null;
        return true;
    }

    /// <summary>Writes all parameters that differ from their defaults, in the order of their numbers.</summary>
    public static byte[] Write(TransportParameters parameters)
    {
        var writer = new TransportParameterWriter();
        writer.WriteAll(parameters);
        return writer.ToArray();
    }

    private static bool Fail(string reason, out TransportParameters? parameters, out TransportError error)
    {
        parameters = null;
        error = new TransportError(TransportErrorCode.TransportParameterError, reason);
        return false;
    }

    private static bool IsServerOnly(TransportParameterId id) =>
        id is TransportParameterId.OriginalDestinationConnectionId
            or TransportParameterId.StatelessResetToken
            or TransportParameterId.PreferredAddress
            or TransportParameterId.RetrySourceConnectionId;

    /// <returns>The parameters with one more value; null when it is invalid.</returns>
    private static TransportParameters? ReadValue(
        TransportParameters p, TransportParameterId id, ReadOnlySpan<byte> value, Role sender) => id switch
        {
            TransportParameterId.OriginalDestinationConnectionId =>
                ReadConnectionId(value) is { } cid ? p with { OriginalDestinationConnectionId = cid } : null,
            TransportParameterId.StatelessResetToken => value.Length == StatelessResetToken.Length
                ? p with { StatelessResetToken = new StatelessResetToken(value) }
                : null,
            TransportParameterId.DisableActiveMigration => value.IsEmpty ? p with { DisableActiveMigration = true } : null,
            TransportParameterId.PreferredAddress =>
                PreferredAddressCodec.TryRead(value, out PreferredAddress? address) ? p with { PreferredAddress = address } : null,
            TransportParameterId.InitialSourceConnectionId =>
                ReadConnectionId(value) is { } cid ? p with { InitialSourceConnectionId = cid } : null,
            TransportParameterId.RetrySourceConnectionId =>
                ReadConnectionId(value) is { } cid ? p with { RetrySourceConnectionId = cid } : null,
            TransportParameterId.VersionInformation =>
                VersionInformation.TryRead(value, sender, out VersionInformation? information)
                    ? p with { VersionInformation = information }
                    : null,
            TransportParameterId.GreaseQuicBit => value.IsEmpty ? p with { GreaseQuicBit = true } : null,
            _ => ReadInteger(p, id, value),
        };

    private static TransportParameters? ReadInteger(
        TransportParameters p, TransportParameterId id, ReadOnlySpan<byte> value)
    {
        if (!IsInteger(id))
            return p;
        var reader = new QuicReader(value);
        if (!reader.TryReadVarInt(out ulong number) || !reader.IsAtEnd || !IsInRange(id, number))
            return null;
        return id switch
        {
            TransportParameterId.MaxIdleTimeout => p with { MaxIdleTimeout = Milliseconds(number) },
            TransportParameterId.MaxUdpPayloadSize => p with { MaxUdpPayloadSize = number },
            TransportParameterId.InitialMaxData => p with { InitialMaxData = number },
            TransportParameterId.InitialMaxStreamDataBidiLocal => p with { InitialMaxStreamDataBidiLocal = number },
            TransportParameterId.InitialMaxStreamDataBidiRemote => p with { InitialMaxStreamDataBidiRemote = number },
            TransportParameterId.InitialMaxStreamDataUni => p with { InitialMaxStreamDataUni = number },
            TransportParameterId.InitialMaxStreamsBidi => p with { InitialMaxStreamsBidi = number },
            TransportParameterId.InitialMaxStreamsUni => p with { InitialMaxStreamsUni = number },
            TransportParameterId.AckDelayExponent => p with { AckDelayExponent = (int)number },
            TransportParameterId.MaxAckDelay => p with { MaxAckDelay = Milliseconds(number) },
            TransportParameterId.ActiveConnectionIdLimit => p with { ActiveConnectionIdLimit = number },
            TransportParameterId.MaxDatagramFrameSize => p with { MaxDatagramFrameSize = number },
            _ => p,
        };
    }

    private static bool IsInteger(TransportParameterId id) => id
        is TransportParameterId.MaxIdleTimeout
        or (>= TransportParameterId.MaxUdpPayloadSize and <= TransportParameterId.MaxAckDelay)
        or TransportParameterId.ActiveConnectionIdLimit
        or TransportParameterId.MaxDatagramFrameSize;

    private static bool IsInRange(TransportParameterId id, ulong number) => id switch
    {
        TransportParameterId.MaxUdpPayloadSize => number >= TransportParameters.SmallestMaxUdpPayloadSize,
        TransportParameterId.InitialMaxStreamsBidi or TransportParameterId.InitialMaxStreamsUni => number <= StreamCounts.Maximum,
        TransportParameterId.AckDelayExponent => number <= TransportParameters.LargestAckDelayExponent,
        TransportParameterId.MaxAckDelay => number < TransportParameters.MaxAckDelayBound.TotalMilliseconds,
        TransportParameterId.ActiveConnectionIdLimit => number >= TransportParameters.DefaultActiveConnectionIdLimit,
        _ => true,
    };

    /// <summary>A duration; one beyond what <see cref="TimeSpan"/> can express is as good as the longest.</summary>
    private static TimeSpan Milliseconds(ulong milliseconds)
    {
        const ulong longest = long.MaxValue / TimeSpan.TicksPerMillisecond;
        return TimeSpan.FromTicks((long)Math.Min(milliseconds, longest) * TimeSpan.TicksPerMillisecond);
    }

    private static ConnectionId? ReadConnectionId(ReadOnlySpan<byte> value) =>
        value.Length <= ConnectionId.MaximumLength ? new ConnectionId(value) : null;

    /// <summary>
    /// The parameters that we know and have met (RFC 9000 §7.4: none may appear twice). Those that we do not know are
    /// not counted: it would take memory that a peer decides about.
    /// </summary>
    private struct SeenParameters
    {
        private ulong _numbers;
        private bool _greaseQuicBit;

        public bool TryAdd(TransportParameterId id)
        {
            if (id == TransportParameterId.GreaseQuicBit)
            {
                bool isFirst = !_greaseQuicBit;
                _greaseQuicBit = true;
                return isFirst;
            }

            bool isKnown = id is <= TransportParameterId.VersionInformation or TransportParameterId.MaxDatagramFrameSize;
            ulong bit = isKnown ? 1UL << (int)id : 0;
            bool isNew = (_numbers & bit) == 0;
            _numbers |= bit;
            return isNew;
        }
    }
}
