using System;
using System.Buffers.Binary;

namespace CoQuic.Engine;

/// <summary>What is to be thought of the token of an Initial packet.</summary>
internal enum TokenStanding : byte
{
    /// <summary>None, or none of ours, or one of an earlier connection that is not good here: the address is not validated.</summary>
    Unknown,

    /// <summary>From our Retry, and good.</summary>
    Retry,

    /// <summary>From our Retry, but not good here: there cannot be a second Retry (RFC 9000 §8.1.2).</summary>
    InvalidRetry,

    /// <summary>From our NEW_TOKEN frame, good, and not used before.</summary>
    NewToken,
}

/// <summary>A token that was judged.</summary>
/// <param name="Standing">What is to be thought of it.</param>
/// <param name="Retry">What it says when it is from a Retry.</param>
internal readonly record struct JudgedToken(TokenStanding Standing, RetryToken Retry);

/// <summary>Issues and judges a server's address-validation tokens (RFC 9000 §8.1.2 to §8.1.4). They are sealed: only a server reads them.</summary>
/// <remarks>Inside the seal, the first byte tells which of the two kinds a token is (RFC 9000 §8.1.1).</remarks>
internal sealed class AddressTokens : IDisposable
{
    private const byte RetryKind = 1;
    private const byte NewTokenKind = 2;
    private const int MaximumSize = 1 + RetryToken.MaximumSize;

    private readonly StateSealer _sealer;
    private readonly UsedTokens _used = new();
    private readonly TimeSpan _retryLifetime;
    private readonly TimeSpan _newTokenLifetime;

    public AddressTokens(EndpointConfig config)
    {
        _sealer = new StateSealer(config.TokenKeys.OrDrawn(config.Entropy), config.Entropy);
        _retryLifetime = config.RetryTokenLifetime;
        _newTokenLifetime = config.NewTokenLifetime;
    }

    // What tokens are sealed for: nothing else that is sealed under the same keys opens as one.
    private static ReadOnlySpan<byte> Purpose => "coquic address validation"u8;

    /// <summary>A token for a Retry packet.</summary>
    public byte[] Issue(in RetryToken token)
    {
        var writer = new QuicWriter(stackalloc byte[MaximumSize]);
        writer.WriteByte(RetryKind);
        token.Write(ref writer);
        return Seal(writer.Written);
    }

    /// <summary>A token for a NEW_TOKEN frame.</summary>
    /// <param name="scope">Its address is bound without the port.</param>
    public byte[] Issue(in TokenScope scope)
    {
        var writer = new QuicWriter(stackalloc byte[MaximumSize]);
        writer.WriteByte(NewTokenKind);
        scope.Write(ref writer);
        return Seal(writer.Written);
    }

    /// <summary>Judges the token of a client's Initial. One from a NEW_TOKEN frame is used up by it (RFC 9000 §8.1.4).</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="identity">What the host says of the address that it came from.</param>
    /// <param name="time">Calendar time.</param>
    public JudgedToken Judge(in ProtectedPacket packet, ReadOnlySpan<byte> identity, DateTimeOffset time)
    {
        long milliseconds = time.ToUnixTimeMilliseconds();
        Span<byte> state = stackalloc byte[MaximumSize];
        if (!_sealer.TryOpen(packet.Token, Purpose, state, out int length))
            return default;
        var reader = new QuicReader(state[..length]);
        return reader.TryReadByte(out byte kind) && kind == RetryKind
            ? JudgeRetry(ref reader, packet, new TokenScope(packet.Version, milliseconds, AddressDigest.OfEndpoint(identity)))
            : JudgeNewToken(ref reader, packet, new TokenScope(packet.Version, milliseconds, AddressDigest.OfAddress(identity)));
    }

    /// <inheritdoc/>
    public void Dispose() => _sealer.Dispose();

    private JudgedToken JudgeRetry(ref QuicReader reader, in ProtectedPacket packet, in TokenScope current)
    {
        bool isGood = RetryToken.TryRead(ref reader, out RetryToken token)
            && token.Scope.Admits(current, _retryLifetime)
            && token.RetrySourceId == packet.DestinationConnectionId;
        return new JudgedToken(isGood ? TokenStanding.Retry : TokenStanding.InvalidRetry, token);
    }

    private JudgedToken JudgeNewToken(ref QuicReader reader, in ProtectedPacket packet, in TokenScope current)
    {
        bool isGood = TokenScope.TryRead(ref reader, out TokenScope scope)
            && scope.Admits(current, _newTokenLifetime)
            && _used.TryUse(BinaryPrimitives.ReadUInt64BigEndian(packet.Token));
        return isGood ? new JudgedToken(TokenStanding.NewToken, default) : default;
    }

    private byte[] Seal(ReadOnlySpan<byte> state)
    {
        byte[] token = new byte[state.Length + StateSealer.Overhead];
        _sealer.Seal(state, Purpose, token);
        return token;
    }
}
