using System;

namespace CoQuic.Engine;

/// <summary>Extension types: those of RFC 8446 §4.2, and quic_transport_parameters (RFC 9001 §8.2).</summary>
internal enum ExtensionType : ushort
{
    ServerName = 0,
    MaxFragmentLength = 1,
    StatusRequest = 5,
    SupportedGroups = 10,
    SignatureAlgorithms = 13,
    UseSrtp = 14,
    Heartbeat = 15,
    ApplicationLayerProtocolNegotiation = 16,
    SignedCertificateTimestamp = 18,
    ClientCertificateType = 19,
    ServerCertificateType = 20,
    Padding = 21,
    PreSharedKey = 41,
    EarlyData = 42,
    SupportedVersions = 43,
    Cookie = 44,
    PskKeyExchangeModes = 45,
    CertificateAuthorities = 47,
    OidFilters = 48,
    PostHandshakeAuth = 49,
    SignatureAlgorithmsCert = 50,
    KeyShare = 51,
    QuicTransportParameters = 57,
}

internal static class ExtensionTypes
{
    /// <summary>Begins an extension; the mark goes to <see cref="TlsWriter.End"/> with 2 length bytes.</summary>
    public static int BeginExtension(this TlsWriter writer, ExtensionType type)
    {
        writer.WriteUInt16((ushort)type);
        return writer.Begin(2);
    }

    /// <summary>Writes an extension whose content is at hand.</summary>
    public static void WriteExtension(this TlsWriter writer, ExtensionType type, ReadOnlySpan<byte> data)
    {
        writer.WriteUInt16((ushort)type);
        writer.WriteVector16(data);
    }
}
