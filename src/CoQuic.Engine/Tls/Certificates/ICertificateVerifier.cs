using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>Judges the certificate that a peer showed: its chain and its name.</summary>
/// <remarks>That the peer holds the certificate's key is always checked besides, whatever the verdict.</remarks>
public interface ICertificateVerifier
{
    /// <summary>Gives the verdict. The same question must get the same answer.</summary>
    /// <param name="question">What is known of the peer.</param>
    CertificateVerdict Verify(CertificateQuestion question);
}

/// <summary>What a certificate verifier is asked.</summary>
/// <param name="Chain">The certificates as the peer sent them, DER, its own first; at least one.</param>
/// <param name="ServerName">The name a server must have: a DNS name or an IP address literal. Empty for a client.</param>
/// <param name="Time">Calendar time, for periods of validity.</param>
/// <param name="PeerRole">The role of the peer, for the uses that its certificate must allow.</param>
public sealed record CertificateQuestion(
    IReadOnlyList<Bytes> Chain,
    string ServerName,
    DateTimeOffset Time,
    Role PeerRole);

/// <summary>A verifier's answer.</summary>
public abstract record CertificateVerdict
{
    /// <summary>The certificate is good.</summary>
    public static readonly CertificateVerdict Accept = new Accepted();

    private CertificateVerdict()
    {
    }

    /// <summary>The answer that the certificate is not good.</summary>
    /// <param name="alert">The alert that closes the connection.</param>
    /// <param name="reason">A sentence for people; the peer sees it too.</param>
    public static CertificateVerdict Reject(AlertDescription alert, string reason) => new Rejected(alert, reason);

    /// <summary>The certificate is good.</summary>
    public sealed record Accepted : CertificateVerdict;

    /// <summary>The certificate is not good, and the connection closes.</summary>
    /// <param name="Alert">The alert that closes the connection.</param>
    /// <param name="Reason">A sentence for people; the peer sees it too.</param>
    public sealed record Rejected(AlertDescription Alert, string Reason) : CertificateVerdict;
}
