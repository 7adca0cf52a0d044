using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>Signs with a key of the platform: ECDSA on P-256 or P-384, or RSA-PSS. Endpoints may share it.</summary>
public sealed class PlatformSigner : IExportableSigner, IDisposable
{
    private readonly ECDsa? _ecdsa;
    private readonly RSA? _rsa;

    internal PlatformSigner(ECDsa key, SigningKeyKind kind)
    {
        _ecdsa = key;
        Schemes = SignatureAlgorithm.SchemesOf(kind);
    }

    internal PlatformSigner(RSA key)
    {
        _rsa = key;
        Schemes = SignatureAlgorithm.SchemesOf(SigningKeyKind.Rsa);
    }

    /// <inheritdoc/>
    public IReadOnlyList<SignatureScheme> Schemes { get; }

    /// <inheritdoc/>
    public byte[] Sign(SignatureScheme scheme, ReadOnlySpan<byte> data)
    {
        byte[] copy = data.ToArray();
        return _ecdsa is not null
            ? _ecdsa.SignData(copy, scheme.Hash(), DSASignatureFormat.Rfc3279DerSequence)
            : _rsa!.SignData(copy, scheme.Hash(), RSASignaturePadding.Pss);
    }

    /// <inheritdoc/>
    public bool TryExportPem([NotNullWhen(true)] out string? privateKeyPem)
    {
        try
        {
            privateKeyPem = ((AsymmetricAlgorithm?)_ecdsa ?? _rsa!).ExportPkcs8PrivateKeyPem();
            return true;
        }
        catch (CryptographicException)
        {
            // The platform keeps the key to itself.
            privateKeyPem = null;
            return false;
        }
    }

    /// <summary>Lets go of the key.</summary>
    public void Dispose()
    {
        _ecdsa?.Dispose();
        _rsa?.Dispose();
    }
}
