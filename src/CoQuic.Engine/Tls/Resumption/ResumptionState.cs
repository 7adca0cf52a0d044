using System;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace CoQuic.Engine;

/// <summary>
/// What a client keeps of a connection to go on with later (RFC 8446 §4.6.1, RFC 9001 §4.5). The application stores it as opaque bytes,
/// which hold a secret: whoever has them can pose as this client.
/// </summary>
internal sealed record ResumptionState
{
    /// <summary>The first byte of an encoding: another one is of another release or another implementation, and is not read.</summary>
    private const byte Format = 0xc1;

    private const byte EarlyDataFlag = 1;
    private const byte VerifiedFlag = 2;

    /// <summary>
    /// Damage in storage must not fail a connection, as a wrong key would: with this digest it is noticed, and there is a new session.
    /// </summary>
    private const int DigestLength = 16;

    private static readonly DateTimeOffset LatestTime = DateTimeOffset.UnixEpoch.AddYears(1000);

    public required QuicVersion Version { get; init; }

    public required CipherSuite CipherSuite { get; init; }

    public required string ApplicationProtocol { get; init; }

    public required string ServerName { get; init; }

    /// <summary>What the application says early data depends on.</summary>
    public required Bytes ApplicationContext { get; init; }

    /// <summary>The server's transport parameters, as <see cref="RememberedParameters"/> encodes them.</summary>
    public required Bytes Parameters { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public required TimeSpan Lifetime { get; init; }

    public required uint AgeAdd { get; init; }

    public required bool AllowsEarlyData { get; init; }

    /// <summary>Whether chain and name of the server's certificate were verified when the first of these sessions began.</summary>
    public required bool IsVerified { get; init; }

    public required Bytes Ticket { get; init; }

    /// <summary>The pre-shared key.</summary>
    public required Bytes Key { get; init; }

    public Bytes Encode()
    {
        TlsWriter writer = new();
        writer.WriteUInt8(Format);
        writer.WriteUInt8((byte)((AllowsEarlyData ? EarlyDataFlag : 0) | (IsVerified ? VerifiedFlag : 0)));
        writer.WriteUInt32(Version.Value);
        writer.WriteUInt16((ushort)CipherSuite);
        writer.WriteUInt64((ulong)ReceivedAt.ToUnixTimeMilliseconds());
        writer.WriteUInt32((uint)Lifetime.TotalSeconds);
        writer.WriteUInt32(AgeAdd);
        writer.WriteVector8(Encoding.UTF8.GetBytes(ApplicationProtocol));
        writer.WriteVector16(Encoding.UTF8.GetBytes(ServerName));
        writer.WriteVector16(ApplicationContext);
        writer.WriteVector16(Parameters);
        writer.WriteVector16(Ticket);
        writer.WriteVector8(Key);
        byte[] content = writer.TakeSecret();
        byte[] encoded = [.. content, .. DigestOf(content)];
        CryptographicOperations.ZeroMemory(content);
        return Bytes.Wrap(encoded);
    }

    /// <summary>Reads what <see cref="Encode"/> wrote; anything else is none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out ResumptionState? state)
    {
        state = null;
        if (encoded.Length <= DigestLength)
            return false;
        ReadOnlySpan<byte> content = encoded[..^DigestLength];
        return DigestOf(content).SequenceEqual(encoded[^DigestLength..]) && TryReadContent(content, out state);
    }

    /// <summary>Server, protocol and time: a key is never printed.</summary>
    public override string ToString() => $"session with {ServerName} for {ApplicationProtocol}, of {ReceivedAt:u}";

    private static bool TryReadContent(ReadOnlySpan<byte> content, [NotNullWhen(true)] out ResumptionState? state)
    {
        state = null;
        TlsReader reader = new(content);
        if (!reader.TryReadUInt8(out byte format) || format != Format
            || !reader.TryReadUInt8(out byte flags)
            || !reader.TryReadUInt32(out uint version)
            || !reader.TryReadUInt16(out ushort suite)
            || !reader.TryReadUInt64(out ulong receivedAt)
            || receivedAt > (ulong)LatestTime.ToUnixTimeMilliseconds()
            || !reader.TryReadUInt32(out uint lifetime)
            || !reader.TryReadUInt32(out uint ageAdd)
            || !reader.TryReadVector8(out ReadOnlySpan<byte> protocol)
            || !reader.TryReadVector16(out ReadOnlySpan<byte> serverName)
            || !reader.TryReadVector16(out ReadOnlySpan<byte> context)
            || !reader.TryReadVector16(out ReadOnlySpan<byte> parameters)
            || !reader.TryReadVector16(out ReadOnlySpan<byte> ticket) || ticket.IsEmpty
            || !reader.TryReadVector8(out ReadOnlySpan<byte> key)
            || !reader.IsAtEnd)
        {
            return false;
        }

        state = new ResumptionState
        {
            Version = new QuicVersion(version),
            CipherSuite = (CipherSuite)suite,
            ApplicationProtocol = Encoding.UTF8.GetString(protocol),
            ServerName = Encoding.UTF8.GetString(serverName),
            ApplicationContext = Bytes.CopyOf(context),
            Parameters = Bytes.CopyOf(parameters),
            ReceivedAt = DateTimeOffset.FromUnixTimeMilliseconds((long)receivedAt),
            Lifetime = TimeSpan.FromSeconds(lifetime),
            AgeAdd = ageAdd,
            AllowsEarlyData = (flags & EarlyDataFlag) != 0,
            IsVerified = (flags & VerifiedFlag) != 0,
            Ticket = Bytes.CopyOf(ticket),
            Key = Bytes.CopyOf(key),
        };
        return true;
    }

    private static ReadOnlySpan<byte> DigestOf(ReadOnlySpan<byte> content) => SHA256.HashData(content).AsSpan(0, DigestLength);
}
