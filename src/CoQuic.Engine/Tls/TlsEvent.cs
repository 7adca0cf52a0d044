using System;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>Whether a secret protects what we receive or what we send.</summary>
internal enum KeyDirection : byte
{
    Read,
    Write,
}

/// <summary>What a TLS session asks of its connection, in the order in which it must be done.</summary>
internal abstract record TlsEvent
{
    private TlsEvent()
    {
    }

    /// <summary>Clears the secret that it carries, if it does: whoever was to receive it never will, or has used it.</summary>
    public virtual void Clear()
    {
    }

    /// <summary>
    /// A traffic secret from which the packet keys of a level and direction follow (RFC 9001 §5.1). The receiver owns
    /// it.
    /// </summary>
    public sealed record SecretsAvailable(
        EncryptionLevel Level, KeyDirection Direction, CipherSuite CipherSuite, Bytes Secret) : TlsEvent
    {
        public override void Clear() => Zero(Secret);

        /// <summary>Level, direction and suite: a secret is never printed.</summary>
        public override string ToString() => $"{Direction} secret of {Level} for {CipherSuite}";
    }

    /// <summary>Handshake messages to be sent in CRYPTO frames of a level, after those sent before.</summary>
    public sealed record HandshakeBytes(EncryptionLevel Level, Bytes Data) : TlsEvent;

    /// <summary>
    /// The peer's quic_transport_parameters, not authenticated before the handshake is complete (RFC 9001 §8.2).
    /// </summary>
    public sealed record PeerTransportParameters(Bytes Data) : TlsEvent;

    /// <summary>The handshake waits for an answer of the application: <see cref="TlsSession.OpenQuestion"/>.</summary>
    public sealed record QuestionAsked(TlsQuestion Question) : TlsEvent;

    /// <summary>The handshake is complete (RFC 9001 §4.1.1): our Finished is sent and the peer's verified.</summary>
    public sealed record HandshakeComplete : TlsEvent;

    /// <summary>The server's answer to an offer of early data (RFC 9001 §4.6.2).</summary>
    public sealed record EarlyDataAnswered(bool IsAccepted) : TlsEvent;

    /// <summary>
    /// A NewSessionTicket (RFC 8446 §4.6.1), its fields as they came, and the pre-shared key that it stands for. The receiver owns the
    /// key.
    /// </summary>
    public sealed record SessionTicketReceived(NewSessionTicket Ticket, Bytes Key) : TlsEvent
    {
        public override void Clear() => Zero(Key);

        /// <summary>The ticket: a key is never printed.</summary>
        public override string ToString() => $"{Ticket}";
    }

    /// <summary>A line of the NSS key log. It decrypts the connection; made only when configured.</summary>
    public sealed record KeyLog(string Label, Bytes ClientRandom, Bytes Secret) : TlsEvent
    {
        public override void Clear() => Zero(Secret);

        /// <summary>The line as a key log file has it, without its end of line.</summary>
        public override string ToString() => $"{Label} {ClientRandom.ToHex()} {Convert.ToHexStringLower(Secret.Span)}";
    }

    private static void Zero(Bytes secret) => CryptographicOperations.ZeroMemory(MemoryMarshal.AsMemory(secret.Memory).Span);
}
