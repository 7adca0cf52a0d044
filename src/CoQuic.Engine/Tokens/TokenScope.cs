using System;

namespace CoQuic.Engine;

/// <summary>Where and when a token is good: in one version, from one address, for a while (RFC 9000 §8.1.4, RFC 9369 §5).</summary>
/// <param name="Version">The version of the connection that it was issued on.</param>
/// <param name="IssuedAt">Calendar time in Unix milliseconds: it means the same after a restart, and to other shards.</param>
/// <param name="Address">The address that it was issued to.</param>
internal readonly record struct TokenScope(QuicVersion Version, long IssuedAt, AddressDigest Address)
{
    /// <summary>Its bytes in a token.</summary>
    public const int Size = sizeof(uint) + sizeof(long) + (2 * sizeof(ulong));

    /// <summary>Whether a token with this scope is good where another would be issued now.</summary>
    /// <param name="current">The packet's version and address, and the time.</param>
    /// <param name="lifetime">How long tokens are good. An issuer's clock may be ahead of ours by as much.</param>
    public bool Admits(in TokenScope current, TimeSpan lifetime) =>
        Version == current.Version
        && Address.Admits(current.Address)
        && Int128.Abs((Int128)current.IssuedAt - IssuedAt) <= (Int128)lifetime.TotalMilliseconds;

    public void Write(ref QuicWriter writer)
    {
        writer.WriteUInt32(Version.Value);
        writer.WriteUInt64((ulong)IssuedAt);
        Address.Write(ref writer);
    }

    public static bool TryRead(ref QuicReader reader, out TokenScope scope)
    {
        scope = default;
        if (!reader.TryReadUInt32(out uint version)
            || !reader.TryReadUInt64(out ulong milliseconds)
            || !AddressDigest.TryRead(ref reader, out AddressDigest address))
        {
            return false;
        }

        scope = new TokenScope(new QuicVersion(version), (long)milliseconds, address);
        return true;
    }
}
