using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>How we prove who we are: Certificate and CertificateVerify (RFC 8446 §4.4.2, §4.4.3), whichever side we are on.</summary>
internal static class OwnAuthentication
{
    /// <summary>The scheme for a peer that can verify these: our most preferred among them.</summary>
    public static SignatureScheme? SchemeFor(CertificateIdentity identity, IReadOnlyList<SignatureScheme> verifiable)
    {
        foreach (SignatureScheme scheme in identity.Signer.Schemes)
        {
            foreach (SignatureScheme candidate in verifiable)
            {
                if (candidate == scheme)
                    return scheme;
            }
        }
        return null;
    }

    /// <summary>Encodes both messages and takes them into the transcript.</summary>
    public static byte[] Prove(CertificateIdentity identity, SignatureScheme scheme, Role role, Transcript transcript)
    {
        transcript.Append(identity.EncodedChain);
        byte[] content = CertificateVerify.SignedContent(role, transcript.CurrentHash());
        byte[] signature = identity.Signer.Sign(scheme, content);
        byte[] verify = new CertificateVerify(scheme, Bytes.Wrap(signature)).Encode();
        transcript.Append(verify);
        return [.. identity.EncodedChain, .. verify];
    }
}
