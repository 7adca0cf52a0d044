using System;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace CoQuic.Engine;

/// <summary>What a server lets a client keep for it in a session ticket, sealed (RFC 8446 §4.6.1, RFC 9001 §4.6.3).</summary>
internal sealed record TicketContent
{
    /// <summary>The first byte of an encoding: another one is of another release, and is not read.</summary>
    private const byte Format = 1;

    /// <summary>The pre-shared key.</summary>
    public required Bytes Key { get; init; }

    public required CipherSuite CipherSuite { get; init; }

    /// <summary>The version of QUIC: tickets are good for one alone (RFC 9369 §5).</summary>
    public required QuicVersion Version { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    public required TimeSpan Lifetime { get; init; }

    /// <summary>Hides the ticket's age on the wire.</summary>
    public required uint AgeAdd { get; init; }

    public required string ApplicationProtocol { get; init; }

    /// <summary>The name that the client asked for, or empty.</summary>
    public required string ServerName { get; init; }

    /// <summary>Whether early data was promised.</summary>
    public required bool AllowsEarlyData { get; init; }

    /// <summary>What the application says early data depends on.</summary>
    public required Bytes ApplicationContext { get; init; }

    /// <summary>Our transport parameters then, as <see cref="RememberedParameters"/> encodes them.</summary>
    public required Bytes Parameters { get; init; }

    public byte[] Encode()
    {
        TlsWriter writer = new();
        writer.WriteUInt8(Format);
        writer.WriteUInt8(AllowsEarlyData ? (byte)1 : (byte)0);
        writer.WriteUInt16((ushort)CipherSuite);
        writer.WriteUInt32(Version.Value);
        writer.WriteUInt32(AgeAdd);
        writer.WriteUInt32((uint)Lifetime.TotalSeconds);
        writer.WriteUInt64((ulong)IssuedAt.ToUnixTimeMilliseconds());
        writer.WriteVector8(Key);
        writer.WriteVector8(Encoding.UTF8.GetBytes(ApplicationProtocol));
        writer.WriteVector8(Encoding.ASCII.GetBytes(ServerName));
        writer.WriteVector16(ApplicationContext);
        writer.WriteVector16(Parameters);
        return writer.TakeSecret();
    }

    public static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out TicketContent? content)
    {
        content = null;
        TlsReader reader = new(encoded);
        if (!reader.TryReadUInt8(out byte format) || format != Format
            || !reader.TryReadUInt8(out byte allowsEarlyData)
            || !reader.TryReadUInt16(out ushort suite)
            || !reader.TryReadUInt32(out uint version)
            || !reader.TryReadUInt32(out uint ageAdd)
            || !reader.TryReadUInt32(out uint lifetime)
            || !reader.TryReadUInt64(out ulong issuedAt)
            || !reader.TryReadVector8(out ReadOnlySpan<byte> key)
            || !reader.TryReadVector8(out ReadOnlySpan<byte> protocol)
            || !reader.TryReadVector8(out ReadOnlySpan<byte> serverName)
            || !reader.TryReadVector16(out ReadOnlySpan<byte> context)
            || !reader.TryReadVector16(out ReadOnlySpan<byte> parameters)
            || !reader.IsAtEnd)
        {
            return false;
        }

        content = new TicketContent
        {
            Key = Bytes.CopyOf(key),
            CipherSuite = (CipherSuite)suite,
            Version = new QuicVersion(version),
            IssuedAt = DateTimeOffset.FromUnixTimeMilliseconds((long)issuedAt),
            Lifetime = TimeSpan.FromSeconds(lifetime),
            AgeAdd = ageAdd,
            ApplicationProtocol = Encoding.UTF8.GetString(protocol),
            ServerName = Encoding.ASCII.GetString(serverName),
            AllowsEarlyData = allowsEarlyData != 0,
            ApplicationContext = Bytes.CopyOf(context),
            Parameters = Bytes.CopyOf(parameters),
        };
        return true;
    }

    /// <summary>Name and times: a key is never printed.</summary>
    public override string ToString() => $"ticket of {IssuedAt:u} for {ApplicationProtocol} with {CipherSuite}";
}
