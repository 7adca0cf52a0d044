using System;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>NewSessionTicket (RFC 8446 §4.6.1).</summary>
/// <param name="LifetimeSeconds">Seconds from when it was issued; 0 means: discard at once.</param>
/// <param name="AgeAdd">Added to the ticket's age to hide it.</param>
/// <param name="Nonce">Makes the ticket's pre-shared key its own.</param>
/// <param name="Ticket">What a resuming client sends back.</param>
/// <param name="AllowsEarlyData">Whether the server accepts 0-RTT with it (RFC 9001 §4.6.1).</param>
internal sealed record NewSessionTicket(
    uint LifetimeSeconds,
    uint AgeAdd,
    Bytes Nonce,
    Bytes Ticket,
    bool AllowsEarlyData)
{
    /// <summary>RFC 8446 §4.6.1: no ticket lives longer, whatever it says.</summary>
    public static readonly TimeSpan MaximumLifetime = TimeSpan.FromDays(7);

    public static bool TryRead(
        ReadOnlySpan<byte> body,
        [NotNullWhen(true)] out NewSessionTicket? message,
        [NotNullWhen(false)] out TransportError? error)
    {
        message = null;
        error = AlertDescription.DecodeError.Because("a malformed NewSessionTicket");
        TlsReader reader = new(body);
        if (!reader.TryReadUInt32(out uint lifetime)
            || !reader.TryReadUInt32(out uint ageAdd)
            || !reader.TryReadVector8(out ReadOnlySpan<byte> nonce)
            || !reader.TryReadVector16(out ReadOnlySpan<byte> ticket)
            || ticket.IsEmpty
            || !reader.TryReadVector16(out ReadOnlySpan<byte> content)
            || !reader.IsAtEnd)
        {
            return false;
        }
        if (!ExtensionList.TryRead(content, out ExtensionList? extensions, out error))
            return false;

        uint? earlyData = extensions.Decode<uint?>(ExtensionType.EarlyData, EarlyDataExtension.TryReadMaximumSize, ref error);
        if (earlyData is not null and not EarlyDataExtension.QuicMaximumSize)
            error = new TransportError(TransportErrorCode.ProtocolViolation, "a max_early_data_size other than 0xffffffff");
        if (error is not null)
            return false;
        message = new NewSessionTicket(lifetime, ageAdd, Bytes.CopyOf(nonce), Bytes.CopyOf(ticket), earlyData is not null);
        return true;
    }

    public byte[] Encode()
    {
        TlsWriter writer = new();
        writer.WriteUInt32(LifetimeSeconds);
        writer.WriteUInt32(AgeAdd);
        writer.WriteVector8(Nonce);
        writer.WriteVector16(Ticket);
        int extensions = writer.Begin(2);
        if (AllowsEarlyData)
            EarlyDataExtension.WriteMaximumSize(writer);
        writer.End(extensions, 2);
        return HandshakeMessage.Encode(HandshakeType.NewSessionTicket, writer.ToBytes());
    }
}
