using System;
using System.Linq;

namespace CoQuic.Engine;

/// <summary>The version_information transport parameter (RFC 9368 §3).</summary>
/// <param name="ChosenVersion">The version that the sender uses.</param>
/// <param name="AvailableVersions">A client's in order of preference; a server's in any order.</param>
internal sealed record VersionInformation(QuicVersion ChosenVersion, QuicVersion[] AvailableVersions)
{
    public int Size => sizeof(uint) * (1 + AvailableVersions.Length);

    /// <summary>
    /// Reads the parameter's value. Wrong lengths, and versions of number 0, are errors (RFC 9368 §4).
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> value, Role sender, out VersionInformation? information)
    {
        information = null;
        if (value.Length < sizeof(uint) || value.Length % sizeof(uint) != 0)
            return false;
        var versions = new QuicVersion[value.Length / sizeof(uint)];
        var reader = new QuicReader(value);
        for (int i = 0; i < versions.Length; i++)
        {
            if (!reader.TryReadUInt32(out uint version) || version == 0)
                return false;
            versions[i] = new QuicVersion(version);
        }

        // RFC 9368 §4: a client that does not offer what it chose contradicts itself.
        QuicVersion[] available = versions[1..];
        if (sender == Role.Client && !available.Contains(versions[0]))
            return false;
        information = new VersionInformation(versions[0], available);
        return true;
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteUInt32(ChosenVersion.Value);
        foreach (QuicVersion version in AvailableVersions)
            writer.WriteUInt32(version.Value);
    }

    public bool Equals(VersionInformation? other) =>
        other is not null && ChosenVersion == other.ChosenVersion && AvailableVersions.SequenceEqual(other.AvailableVersions);

    public override int GetHashCode() => HashCode.Combine(ChosenVersion, AvailableVersions.Length);
}
