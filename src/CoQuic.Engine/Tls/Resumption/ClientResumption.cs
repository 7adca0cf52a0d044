using System;

namespace CoQuic.Engine;

/// <summary>An earlier session that a client would like to go on with.</summary>
internal sealed record SessionToResume
{
    public required Bytes Ticket { get; init; }

    /// <summary>The pre-shared key that the ticket stands for.</summary>
    public required Bytes Key { get; init; }

    /// <summary>The session's cipher suite: early data is protected by it, and the key belongs to its hash.</summary>
    public required CipherSuite CipherSuite { get; init; }

    /// <summary>The session's application protocol: early data speaks it.</summary>
    public required string ApplicationProtocol { get; init; }

    public required uint ObfuscatedTicketAge { get; init; }

    /// <summary>Whether to offer early data.</summary>
    public required bool OffersEarlyData { get; init; }

    /// <summary>Protocol and suite: a key is never printed.</summary>
    public override string ToString() => $"session for {ApplicationProtocol} with {CipherSuite}";
}

/// <summary>A client's side of resumption (RFC 8446 §4.2.11): the offer, its binder, and the key schedule that begins with it.</summary>
internal sealed class ClientResumption(SessionToResume session) : IDisposable
{
    private KeySchedule? _schedule = new(session.CipherSuite.Traits().Hash, session.Key.Span);

    public SessionToResume Session => session;

    /// <summary>At the Early Secret.</summary>
    public KeySchedule Schedule => _schedule ?? throw new InvalidOperationException("The key schedule was taken.");

    /// <summary>The offer as a ClientHello has it before its binder is known.</summary>
    public OfferedPsks Offer => new(
        [new PskIdentity(session.Ticket, session.ObfuscatedTicketAge)],
        [Bytes.Wrap(new byte[session.CipherSuite.Traits().HashLength])]);

    /// <summary>Whether the key fits a cipher suite: their hashes are the same.</summary>
    public bool Fits(CipherSuite suite) => suite.Traits().Hash == session.CipherSuite.Traits().Hash;

    /// <summary>
    /// Appends a ClientHello with our offer to the transcript, and on the way writes the binder at its end: the transcript up to there
    /// is what it covers (RFC 8446 §4.2.11.2).
    /// </summary>
    public void AppendWithBinder(Transcript transcript, byte[] hello)
    {
        int covered = hello.Length - Offer.BindersSize;
        transcript.Append(hello.AsSpan(0, covered));
        byte[] binder = Schedule.Binder(transcript.CurrentHash(Schedule.Hash));
        binder.CopyTo(hello.AsSpan(hello.Length - binder.Length));
        transcript.Append(hello.AsSpan(covered));
    }

    /// <summary>The server has taken the offer: the key schedule goes to whoever goes on with it.</summary>
    public KeySchedule TakeSchedule()
    {
        KeySchedule taken = Schedule;
        _schedule = null;
        return taken;
    }

    public void Dispose() => _schedule?.Dispose();
}
