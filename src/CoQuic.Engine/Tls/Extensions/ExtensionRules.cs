using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using In = CoQuic.Engine.ExtensionPlaces;

namespace CoQuic.Engine;

/// <summary>The messages that carry extensions.</summary>
[Flags]
internal enum ExtensionPlaces : byte
{
    None = 0,
    ClientHello = 1,
    ServerHello = 2,
    HelloRetryRequest = 4,
    EncryptedExtensions = 8,
    Certificate = 16,
    CertificateRequest = 32,
    NewSessionTicket = 64,
}

/// <summary>Which message may carry which extension: the table of RFC 8446 §4.2 as data.</summary>
internal static class ExtensionRules
{
    /// <summary>The messages that answer: they hold nothing that was not asked for.</summary>
    private const ExtensionPlaces Answers = In.ServerHello | In.HelloRetryRequest | In.EncryptedExtensions | In.Certificate;

    private static readonly FrozenDictionary<ExtensionType, ExtensionPlaces> Table =
        new Dictionary<ExtensionType, ExtensionPlaces>
        {
            [ExtensionType.ServerName] = In.ClientHello | In.EncryptedExtensions,
            [ExtensionType.MaxFragmentLength] = In.ClientHello | In.EncryptedExtensions,
            [ExtensionType.StatusRequest] = In.ClientHello | In.CertificateRequest | In.Certificate,
            [ExtensionType.SupportedGroups] = In.ClientHello | In.EncryptedExtensions,
            [ExtensionType.SignatureAlgorithms] = In.ClientHello | In.CertificateRequest,
            [ExtensionType.UseSrtp] = In.ClientHello | In.EncryptedExtensions,
            [ExtensionType.Heartbeat] = In.ClientHello | In.EncryptedExtensions,
            [ExtensionType.ApplicationLayerProtocolNegotiation] = In.ClientHello | In.EncryptedExtensions,
            [ExtensionType.SignedCertificateTimestamp] = In.ClientHello | In.CertificateRequest | In.Certificate,
            [ExtensionType.ClientCertificateType] = In.ClientHello | In.EncryptedExtensions,
            [ExtensionType.ServerCertificateType] = In.ClientHello | In.EncryptedExtensions,
            [ExtensionType.Padding] = In.ClientHello,
            [ExtensionType.PreSharedKey] = In.ClientHello | In.ServerHello,
            [ExtensionType.EarlyData] = In.ClientHello | In.EncryptedExtensions | In.NewSessionTicket,
            [ExtensionType.SupportedVersions] = In.ClientHello | In.ServerHello | In.HelloRetryRequest,
            [ExtensionType.Cookie] = In.ClientHello | In.HelloRetryRequest,
            [ExtensionType.PskKeyExchangeModes] = In.ClientHello,
            [ExtensionType.CertificateAuthorities] = In.ClientHello | In.CertificateRequest,
            [ExtensionType.OidFilters] = In.CertificateRequest,
            [ExtensionType.PostHandshakeAuth] = In.ClientHello,
            [ExtensionType.SignatureAlgorithmsCert] = In.ClientHello | In.CertificateRequest,
            [ExtensionType.KeyShare] = In.ClientHello | In.ServerHello | In.HelloRetryRequest,
            [ExtensionType.QuicTransportParameters] = In.ClientHello | In.EncryptedExtensions,
        }.ToFrozenDictionary();

    /// <summary>
    /// Whether a message holds only extensions that belong into it and, when it answers, that were offered.
    /// </summary>
    public static TransportError? Check(ExtensionList received, ExtensionPlaces place, ExtensionList offered)
    {
        foreach (Extension extension in received)
        {
            bool isKnown = Table.TryGetValue(extension.Type, out ExtensionPlaces places);
            if (isKnown && (places & place) == In.None)
                return AlertDescription.IllegalParameter.Because($"the extension {extension.Type} in a {place}");
            if ((place & Answers) != In.None && !IsSolicited(extension.Type, place, offered))
                return AlertDescription.UnsupportedExtension.Because($"the extension {extension.Type}, which was not offered");
        }
        return null;
    }

    /// <summary>RFC 8446 §4.2: an answer holds what the request held; only a cookie comes unasked.</summary>
    private static bool IsSolicited(ExtensionType type, ExtensionPlaces place, ExtensionList offered) =>
        offered.Contains(type) || (type == ExtensionType.Cookie && place == In.HelloRetryRequest);
}
