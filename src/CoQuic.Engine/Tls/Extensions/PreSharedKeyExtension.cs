using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>A key that a client offers, by name: for resumption, the ticket (RFC 8446 §4.2.11).</summary>
/// <param name="Identity">What a NewSessionTicket held; at least one byte.</param>
/// <param name="ObfuscatedTicketAge">Milliseconds since it came, and ticket_age_add, modulo 2^32.</param>
internal sealed record PskIdentity(Bytes Identity, uint ObfuscatedTicketAge);

/// <summary>The keys that a client offers, most preferred first, and for each the proof that it has it.</summary>
internal sealed record OfferedPsks(IReadOnlyList<PskIdentity> Identities, IReadOnlyList<Bytes> Binders)
{
    /// <summary>The bytes at the end of the ClientHello that binders do not cover: the binders and their length (§4.2.11.2).</summary>
    public int BindersSize
    {
        get
        {
            int size = sizeof(ushort);
            foreach (Bytes binder in Binders)
                size += 1 + binder.Length;
            return size;
        }
    }
}

/// <summary>pre_shared_key (RFC 8446 §4.2.11): an offer from a client, the index of one identity from a server.</summary>
internal static class PreSharedKeyExtension
{
    private const int SmallestBinder = 32;

    public static bool TryReadOffer(ReadOnlySpan<byte> data, [NotNullWhen(true)] out OfferedPsks? offer)
    {
        offer = null;
        TlsReader reader = new(data);
        if (!reader.TryReadVector16(out ReadOnlySpan<byte> identityBytes)
            || !reader.TryReadVector16(out ReadOnlySpan<byte> binderBytes)
            || !reader.IsAtEnd
            || !TryReadIdentities(identityBytes, out List<PskIdentity> identities)
            || !TryReadBinders(binderBytes, out List<Bytes> binders))
        {
            return false;
        }

        offer = new OfferedPsks(identities, binders);
        return true;
    }

    public static bool TryReadSelected(ReadOnlySpan<byte> data, [NotNullWhen(true)] out ushort? index)
    {
        TlsReader reader = new(data);
        bool isRead = reader.TryReadUInt16(out ushort value) && reader.IsAtEnd;
        index = isRead ? value : null;
        return isRead;
    }

    /// <summary>Writes an offer. It must be the last extension of its ClientHello.</summary>
    public static void WriteOffer(TlsWriter writer, OfferedPsks offer)
    {
        int extension = writer.BeginExtension(ExtensionType.PreSharedKey);
        int identities = writer.Begin(2);
        foreach (PskIdentity identity in offer.Identities)
        {
            writer.WriteVector16(identity.Identity);
            writer.WriteUInt32(identity.ObfuscatedTicketAge);
        }

        writer.End(identities, 2);
        int binders = writer.Begin(2);
        foreach (Bytes binder in offer.Binders)
            writer.WriteVector8(binder);
        writer.End(binders, 2);
        writer.End(extension, 2);
    }

    public static void WriteSelected(TlsWriter writer, ushort index)
    {
        int extension = writer.BeginExtension(ExtensionType.PreSharedKey);
        writer.WriteUInt16(index);
        writer.End(extension, 2);
    }

    private static bool TryReadIdentities(ReadOnlySpan<byte> bytes, out List<PskIdentity> identities)
    {
        identities = [];
        TlsReader reader = new(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadVector16(out ReadOnlySpan<byte> identity) || identity.IsEmpty
                || !reader.TryReadUInt32(out uint age))
            {
                return false;
            }

            identities.Add(new PskIdentity(Bytes.CopyOf(identity), age));
        }

        return identities.Count > 0;
    }

    private static bool TryReadBinders(ReadOnlySpan<byte> bytes, out List<Bytes> binders)
    {
        binders = [];
        TlsReader reader = new(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadVector8(out ReadOnlySpan<byte> binder) || binder.Length < SmallestBinder)
                return false;
            binders.Add(Bytes.CopyOf(binder));
        }

        return binders.Count > 0;
    }
}
