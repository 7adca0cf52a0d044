namespace CoQuic.Engine;

/// <summary>The keys that protect a packet (RFC 9001 §2.1), in the order in which a handshake reaches them.</summary>
internal enum EncryptionLevel : byte
{
    Initial,
    ZeroRtt,
    Handshake,
    OneRtt,
}
