using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CoQuic.Engine;

/// <summary>
/// The platform's rules: a chain to a trusted root, valid at the given time, for server authentication, with the server's
/// name among the subject alternative names. Nothing is downloaded, and revocation is not checked.
/// </summary>
public sealed class PlatformCertificateVerifier : ICertificateVerifier
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>Trusts the roots that the system trusts.</summary>
    public static readonly PlatformCertificateVerifier SystemRoots = new(null);

    private readonly X509Certificate2Collection? _roots;

    private PlatformCertificateVerifier(X509Certificate2Collection? roots) => _roots = roots;

    /// <summary>Trusts these roots and no others. A self-signed certificate may be its own root.</summary>
    /// <param name="roots">The roots; they are kept and must not be disposed of.</param>
    public static PlatformCertificateVerifier TrustingOnly(IEnumerable<X509Certificate2> roots) =>
        new([.. roots]);

    /// <summary>Trusts the certificates of a PEM text and no others.</summary>
    /// <param name="pem">One or more certificates in PEM.</param>
    /// <param name="verifier">The verifier.</param>
    /// <param name="problem">Why there is none: a sentence for people.</param>
    public static bool TryTrustingOnlyPem(
        string pem,
        [NotNullWhen(true)] out PlatformCertificateVerifier? verifier,
        [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(pem);
        verifier = null;
        problem = null;
        X509Certificate2Collection roots = [];
        try
        {
            roots.ImportFromPem(pem);
        }
        catch (CryptographicException e)
        {
            problem = $"A trusted root cannot be read: {e.Message}";
        }
        if (problem is null && roots.Count == 0)
            problem = "There is no certificate in the PEM text of the trusted roots.";
        verifier = problem is null ? new PlatformCertificateVerifier(roots) : null;
        return problem is null;
    }

    /// <inheritdoc/>
    public CertificateVerdict Verify(CertificateQuestion question)
    {
        ArgumentNullException.ThrowIfNull(question);
        X509Certificate2Collection chain = [];
        try
        {
            foreach (Bytes certificate in question.Chain)
                chain.Add(X509CertificateLoader.LoadCertificate(certificate));
            return Verify(chain, question);
        }
        catch (Exception e) when (PeerCertificate.IsMalformed(e))
        {
            return CertificateVerdict.Reject(AlertDescription.BadCertificate, "a certificate that cannot be read");
        }
        finally
        {
            foreach (X509Certificate2 certificate in chain)
                certificate.Dispose();
        }
    }

    private CertificateVerdict Verify(X509Certificate2Collection certificates, CertificateQuestion question)
    {
        using X509Chain chain = new();
        chain.ChainPolicy = PolicyFor(question, certificates);
        bool isTrusted = chain.Build(certificates[0]);
        X509ChainStatusFlags faults = X509ChainStatusFlags.NoError;
        foreach (X509ChainStatus status in chain.ChainStatus)
            faults |= status.Status;
        foreach (X509ChainElement element in chain.ChainElements)
            element.Certificate.Dispose();

        if (!isTrusted)
            return CertificateVerdict.Reject(AlertFor(faults), $"the certificate is not trusted: {faults}");
        if (question.PeerRole == Role.Server && !HasName(certificates[0], question.ServerName))
            return CertificateVerdict.Reject(
                AlertDescription.BadCertificate, $"the certificate is not for '{question.ServerName}'");
        return CertificateVerdict.Accept;
    }

    private X509ChainPolicy PolicyFor(CertificateQuestion question, X509Certificate2Collection certificates)
    {
        X509ChainPolicy policy = new()
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationTime = question.Time.UtcDateTime,
            TrustMode = _roots is null ? X509ChainTrustMode.System : X509ChainTrustMode.CustomRootTrust,
        };
        policy.ApplicationPolicy.Add(
            new Oid(question.PeerRole == Role.Server ? ServerAuthentication : ClientAuthentication));
        policy.ExtraStore.AddRange(certificates);
        if (_roots is not null)
            policy.CustomTrustStore.AddRange(_roots);
        return policy;
    }

    /// <summary>
    /// Subject alternative names alone, DNS names and IP addresses (RFC 9110 §4.3.4): the common name is no fallback.
    /// </summary>
    private static bool HasName(X509Certificate2 certificate, string serverName)
    {
        try
        {
            return certificate.MatchesHostname(serverName.TrimEnd('.'), allowWildcards: true, allowCommonName: false);
        }
        catch (ArgumentException)
        {
            return false; // What is no host name is in no certificate.
        }
    }

    private static AlertDescription AlertFor(X509ChainStatusFlags faults)
    {
        if (faults.HasFlag(X509ChainStatusFlags.NotSignatureValid))
            return AlertDescription.BadCertificate;
        if (faults.HasFlag(X509ChainStatusFlags.Revoked))
            return AlertDescription.CertificateRevoked;
        if ((faults & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0)
            return AlertDescription.UnknownCa;
        if (faults.HasFlag(X509ChainStatusFlags.NotTimeValid))
            return AlertDescription.CertificateExpired;
        if (faults.HasFlag(X509ChainStatusFlags.NotValidForUsage))
            return AlertDescription.UnsupportedCertificate;
        return AlertDescription.CertificateUnknown;
    }
}
