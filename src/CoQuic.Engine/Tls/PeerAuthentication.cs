using System.Collections.Generic;
using System.Linq;

namespace CoQuic.Engine;

/// <summary>How the peer proves who it is: its Certificate and CertificateVerify (RFC 8446 §4.4.2, §4.4.3), whichever side it is on.</summary>
/// <param name="peer">The side that it is on.</param>
/// <param name="certificates">Those that were read before.</param>
internal sealed class PeerAuthentication(Role peer, KnownCertificates certificates)
{
    /// <summary>The certificates that it showed, DER, its own first; empty when it has none.</summary>
    public IReadOnlyList<Bytes> Chain { get; private set; } = [];

    /// <summary>Takes a Certificate; nothing in it may answer what was not asked in <paramref name="asked"/>.</summary>
    public TransportError? OnCertificate(HandshakeMessage message, ExtensionList asked)
    {
        if (!CertificateMessage.TryRead(message.Body, out CertificateMessage? certificate, out TransportError? error))
            return error;
        // RFC 8446 §4.4.2: a context belongs to authentication after the handshake, which QUIC does not have.
        if (!certificate.RequestContext.IsEmpty)
            return AlertDescription.IllegalParameter.Because("a Certificate with a request context");
        foreach (CertificateEntry entry in certificate.Entries)
        {
            error = ExtensionRules.Check(entry.Extensions, ExtensionPlaces.Certificate, asked);
            if (error is not null)
                return error;
        }
        Chain = [.. certificate.Entries.Select(entry => entry.Certificate)];
        return null;
    }

    /// <summary>Checks a CertificateVerify over the transcript before it: the peer holds the key of what it showed.</summary>
    public TransportError? OnCertificateVerify(HandshakeMessage message, byte[] transcriptHash)
    {
        if (!CertificateVerify.TryRead(message.Body, out CertificateVerify? verify, out TransportError? error))
            return error;
        // RFC 8446 §4.4.3: the scheme must be one we offered.
        if (!SignatureAlgorithm.HandshakeSchemes.Contains(verify.Scheme))
            return AlertDescription.IllegalParameter.Because("a signature scheme that was not offered");
        return certificates.TryGet(Chain[0], out PeerCertificate? certificate, out error)
            ? certificate.Verify(verify.Scheme, CertificateVerify.SignedContent(peer, transcriptHash), verify.Signature)
            : error;
    }
}
