using System;

namespace CoQuic.Engine;

/// <summary>Where an endpoint's random bytes come from: connection IDs, tokens, PATH_CHALLENGE data, TLS randoms, key shares.</summary>
/// <remarks>Injected, so that configuration, seed and inputs decide every byte. One endpoint owns one source.</remarks>
public interface IEntropy
{
    /// <summary>Fills the destination with unpredictable bytes (predictable ones only in simulation).</summary>
    /// <param name="destination">What to fill, wholly.</param>
    void Fill(Span<byte> destination);
}
