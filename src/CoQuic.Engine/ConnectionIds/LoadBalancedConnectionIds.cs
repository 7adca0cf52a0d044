using System;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>
/// Connection IDs that a load balancer can read (draft-ietf-quic-load-balancers §5): a first byte with the configuration's number, then
/// the server's ID and a nonce, encrypted where there is a key.
/// </summary>
/// <remarks>
/// Who has several processes or threads behind one server ID, and wants to find them by connection ID, makes their numbers a part of the
/// server ID here; for the load balancer they are the beginning of the nonce (§8.2).
/// </remarks>
public sealed class LoadBalancedConnectionIds : IConnectionIdScheme, IDisposable
{
    /// <summary>The greatest configuration number; 7 stands for connection IDs that cannot be routed.</summary>
    public const int MaximumConfigId = 6;

    /// <summary>The shortest nonce, in bytes.</summary>
    public const int MinimumNonceLength = 4;

    /// <summary>The length of a key, in bytes.</summary>
    public const int KeyLength = LoadBalancerCipher.KeyLength;

    private const int ConfigShift = 5;
    private const int RandomBits = (1 << ConfigShift) - 1;

    private readonly byte _configBits;
    private readonly Bytes _serverId;
    private readonly int _length;
    private readonly LoadBalancerCipher? _cipher;

    /// <summary>Makes a scheme.</summary>
    /// <param name="configId">The configuration's number, 0 to 6.</param>
    /// <param name="serverId">The server's ID, at least 1 byte.</param>
    /// <param name="nonceLength">The nonce's length, at least 4 bytes; at most 19 together with the server's ID.</param>
    /// <param name="key">16 bytes, or none: whoever sees an ID can then tell the server.</param>
    /// <exception cref="ArgumentOutOfRangeException">Something is out of its range.</exception>
    public LoadBalancedConnectionIds(int configId, Bytes serverId, int nonceLength, Bytes key)
    {
        Check(configId is >= 0 and <= MaximumConfigId, nameof(configId), "A configuration's number is 0 to 6.");
        Check(serverId.Length > 0, nameof(serverId), "A server's ID has at least 1 byte.");
        Check(
            nonceLength >= MinimumNonceLength && serverId.Length + nonceLength < ConnectionId.MaximumLength,
            nameof(nonceLength),
            "A nonce has at least 4 bytes, and with the server's ID at most 19.");
        Check(key.Length is 0 or KeyLength, nameof(key), "A key has 16 bytes.");
        _configBits = (byte)(configId << ConfigShift);
        _serverId = serverId;
        _length = 1 + serverId.Length + nonceLength;
        _cipher = key.IsEmpty ? null : new LoadBalancerCipher(key.Span);
    }

    /// <inheritdoc/>
    public ConnectionId Generate(IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        Span<byte> bytes = stackalloc byte[_length];
        entropy.Fill(bytes);
        bytes[0] = (byte)(_configBits | (bytes[0] & RandomBits));
        _serverId.Span.CopyTo(bytes[1..]);
        _cipher?.Encrypt(bytes[1..]);
        return new ConnectionId(bytes);
    }

    /// <inheritdoc/>
    public bool TryRead(ReadOnlySpan<byte> afterFirstByte, out ConnectionId id)
    {
        bool fits = afterFirstByte.Length >= _length;
        id = fits ? new ConnectionId(afterFirstByte[.._length]) : ConnectionId.Empty;
        return fits;
    }

    /// <summary>Reads the server's ID in a connection ID of any server that has the same configuration.</summary>
    /// <param name="id">The connection ID, or bytes that begin with it.</param>
    /// <param name="serverId">As many bytes as this server's ID has.</param>
    /// <returns>False when it is none of this configuration.</returns>
    public bool TryReadServerId(ReadOnlySpan<byte> id, Span<byte> serverId)
    {
        if (id.Length < _length || (id[0] & ~RandomBits) != _configBits || serverId.Length != _serverId.Length)
            return false;
        Span<byte> bytes = stackalloc byte[_length - 1];
        id[1.._length].CopyTo(bytes);
        _cipher?.Decrypt(bytes);
        bytes[..serverId.Length].CopyTo(serverId);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _cipher?.Dispose();

    private static void Check(bool isInRange, string name, string rule)
    {
        if (!isInRange)
            Throw(name, rule);
    }

    [DoesNotReturn]
    private static void Throw(string name, string rule) => throw new ArgumentOutOfRangeException(name, rule);
}
