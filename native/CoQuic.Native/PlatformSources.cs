using System;
using System.Security.Cryptography;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>What an endpoint needs from its host besides inputs. The ABI has no way to hand it in, so it comes from the platform.</summary>
internal interface ISources
{
    /// <summary>Where random bytes come from.</summary>
    IEntropy Entropy { get; }

    /// <summary>The calendar time: read once an endpoint, with its first input, to judge certificates by.</summary>
    DateTimeOffset UtcNow { get; }
}

/// <summary>The system's random numbers and the system's calendar.</summary>
internal sealed class PlatformSources : ISources, IEntropy
{
    public static readonly PlatformSources Instance = new();

    public IEntropy Entropy => this;

    public DateTimeOffset UtcNow => DateTimeOffset.UtcNow;

    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
}
