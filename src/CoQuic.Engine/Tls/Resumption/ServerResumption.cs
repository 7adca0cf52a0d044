using System;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>A ticket of ours that a client offered: where in its list, and what is in it.</summary>
internal sealed record OfferedTicket(int Index, PskIdentity Identity, TicketContent Content, Bytes Binder);

/// <summary>How a server resumes sessions: which tickets it takes, and which it gives (RFC 8446 §2.2, §4.6.1).</summary>
internal sealed record ServerResumption
{
    private const int NonceSize = 8;

    public required StateSealer Sealer { get; init; }

    public required IEntropy Entropy { get; init; }

    public required QuicVersion Version { get; init; }

    /// <summary>Calendar time when the handshake began.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>How long tickets live, at most <see cref="NewSessionTicket.MaximumLifetime"/>.</summary>
    public required TimeSpan Lifetime { get; init; }

    /// <summary>How many tickets a client gets.</summary>
    public required int Count { get; init; }

    public required EarlyDataPolicy EarlyData { get; init; }

    private static ReadOnlySpan<byte> Purpose => "session ticket"u8;

    /// <summary>
    /// Finds the first ticket that can be resumed with what was chosen. Those that cannot are ignored (RFC 8446 §4.2.11): the handshake
    /// goes on without them.
    /// </summary>
    public OfferedTicket? Find(ClientHello hello, ServerChoice choice)
    {
        if (hello.HasDheMode != true || hello.PreSharedKeys is not { } offered)
            return null;
        int tried = Math.Min(offered.Identities.Count, TlsLimits.MaximumTicketsTried);
        for (int index = 0; index < tried; index++)
        {
            PskIdentity identity = offered.Identities[index];
            if (TryOpen(identity.Identity) is { } content && IsUsable(content, hello, choice))
                return new OfferedTicket(index, identity, content, offered.Binders[index]);
        }

        return null;
    }

    /// <summary>Makes a ticket (RFC 8446 §4.6.1).</summary>
    /// <param name="number">Which ticket of the connection it is: each has a nonce of its own.</param>
    /// <param name="keyOf">The pre-shared key that belongs to a nonce.</param>
    /// <param name="suite">The session's cipher suite.</param>
    /// <param name="protocol">The session's application protocol.</param>
    /// <param name="serverName">The name that the client asked for, or empty.</param>
    /// <param name="now">Calendar time.</param>
    public NewSessionTicket Issue(
        int number, Func<Bytes, byte[]> keyOf, CipherSuite suite, string protocol, string serverName, DateTimeOffset now)
    {
        byte[] nonce = new byte[NonceSize];
        BinaryPrimitives.WriteInt64BigEndian(nonce, number);
        Span<byte> random = stackalloc byte[sizeof(uint)];
        Entropy.Fill(random);
        uint ageAdd = BinaryPrimitives.ReadUInt32BigEndian(random);

        byte[] key = keyOf(Bytes.Wrap(nonce));
        byte[] state = new TicketContent
        {
            Key = Bytes.Wrap(key),
            CipherSuite = suite,
            Version = Version,
            IssuedAt = now,
            Lifetime = Lifetime,
            AgeAdd = ageAdd,
            ApplicationProtocol = protocol,
            ServerName = serverName,
            AllowsEarlyData = EarlyData.IsAllowed,
            ApplicationContext = EarlyData.ApplicationContext,
            Parameters = RememberedParameters.Encode(EarlyData.Parameters),
        }.Encode();
        byte[] ticket = new byte[state.Length + StateSealer.Overhead];
        Sealer.Seal(state, Purpose, ticket);
        CryptographicOperations.ZeroMemory(state);
        CryptographicOperations.ZeroMemory(key);
        return new NewSessionTicket(
            (uint)Lifetime.TotalSeconds, ageAdd, Bytes.Wrap(nonce), Bytes.Wrap(ticket), EarlyData.IsAllowed);
    }

    private TicketContent? TryOpen(Bytes ticket)
    {
        byte[] state = new byte[Math.Max(0, ticket.Length - StateSealer.Overhead)];
        bool isOurs = Sealer.TryOpen(ticket.Span, Purpose, state, out int length);
        TicketContent? content = null;
        bool isRead = isOurs && TicketContent.TryRead(state.AsSpan(0, length), out content);
        CryptographicOperations.ZeroMemory(state);
        return isRead ? content : null;
    }

    /// <summary>
    /// RFC 8446 §4.2.11: the hash must be the cipher suite's; §4.6.1: not beyond its lifetime; RFC 9369 §5: of the same version. A
    /// ticket for another name is not taken either, since the certificate that stands behind it may be another.
    /// </summary>
    private bool IsUsable(TicketContent ticket, ClientHello hello, ServerChoice choice) =>
        ticket.CipherSuite.Traits().Hash == choice.CipherSuite.Traits().Hash
        && ticket.Version == Version
        && ticket.ServerName == (hello.ServerName ?? "")
        && ticket.IssuedAt - EarlyDataPolicy.AgeTolerance <= Time
        && Time <= ticket.IssuedAt + ticket.Lifetime;
}
