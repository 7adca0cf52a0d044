using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>Signs handshakes with the key of a certificate (RFC 8446 §4.4.3).</summary>
public interface IHandshakeSigner
{
    /// <summary>The schemes that the key can sign with, most preferred first; at least one.</summary>
    IReadOnlyList<SignatureScheme> Schemes { get; }

    /// <summary>Signs.</summary>
    /// <param name="scheme">One of <see cref="Schemes"/>.</param>
    /// <param name="data">What to sign; it is hashed as the scheme says.</param>
    /// <returns>The signature as TLS has it: DER for ECDSA.</returns>
    byte[] Sign(SignatureScheme scheme, ReadOnlySpan<byte> data);
}

/// <summary>A signer whose private key may leave it: for engines that sign by themselves.</summary>
public interface IExportableSigner : IHandshakeSigner
{
    /// <summary>Writes the private key, if it can be had.</summary>
    /// <param name="privateKeyPem">The key, unencrypted PKCS #8 as PEM. Secret.</param>
    bool TryExportPem([NotNullWhen(true)] out string? privateKeyPem);
}
