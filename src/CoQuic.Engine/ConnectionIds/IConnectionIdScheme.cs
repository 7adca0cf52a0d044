using System;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>The shape of the connection IDs that an endpoint issues (RFC 9000 §5.1): how they are made and found again.</summary>
/// <remarks>
/// A scheme may encode what a load balancer or a shard needs, and may use several lengths. The router never assumes one: it asks.
/// </remarks>
public interface IConnectionIdScheme
{
    /// <summary>Makes a new connection ID.</summary>
    /// <param name="entropy">Where unpredictable bytes come from.</param>
    /// <returns>0 to 20 bytes. With 0 bytes, connections can only be told apart by their routes.</returns>
    ConnectionId Generate(IEntropy entropy);

    /// <summary>Finds the destination connection ID of a packet with a short header, which does not tell its length.</summary>
    /// <param name="afterFirstByte">The packet without its first byte.</param>
    /// <param name="id">The connection ID that the packet begins with.</param>
    /// <returns>False when no ID of this scheme can begin like that; the packet is dropped.</returns>
    bool TryRead(ReadOnlySpan<byte> afterFirstByte, out ConnectionId id);
}

/// <summary>Connection IDs of one length, with nothing in them but unpredictable bytes.</summary>
public sealed class RandomConnectionIds : IConnectionIdScheme
{
    /// <summary>The usual length, in bytes: too long to meet another by chance.</summary>
    public const int DefaultLength = 8;

    /// <summary>Makes a scheme.</summary>
    /// <param name="length">The length of each connection ID, 0 to 20 bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is out of range.</exception>
    public RandomConnectionIds(int length = DefaultLength)
    {
        if (length is < 0 or > ConnectionId.MaximumLength)
            ThrowLength(length);
        Length = length;
    }

    /// <summary>The length of each connection ID, in bytes.</summary>
    public int Length { get; }

    /// <inheritdoc/>
    public ConnectionId Generate(IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        Span<byte> bytes = stackalloc byte[Length];
        entropy.Fill(bytes);
        return new ConnectionId(bytes);
    }

    /// <inheritdoc/>
    public bool TryRead(ReadOnlySpan<byte> afterFirstByte, out ConnectionId id)
    {
        bool fits = afterFirstByte.Length >= Length;
        id = fits ? new ConnectionId(afterFirstByte[..Length]) : ConnectionId.Empty;
        return fits;
    }

    [DoesNotReturn]
    private static void ThrowLength(int length) =>
        throw new ArgumentOutOfRangeException(nameof(length), length, "A connection ID has 0 to 20 bytes.");
}
