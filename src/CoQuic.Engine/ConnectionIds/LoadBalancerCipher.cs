using System;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// Encrypts what load balancers read in connection IDs (draft-ietf-quic-load-balancers §5.4): one AES block where it has 16 bytes, otherwise
/// a Feistel network of four rounds, which keeps the length.
/// </summary>
/// <param name="key">16 bytes.</param>
internal sealed class LoadBalancerCipher(ReadOnlySpan<byte> key) : IDisposable
{
    public const int KeyLength = 16;

    private const int BlockLength = 16;
    private const int LongestHalf = 10;

    private readonly Aes _platform = PlatformAes(key);
    private readonly AesKeySchedule? _instructions = AesKeySchedule.IsSupported ? new AesKeySchedule(key) : null;

    /// <summary>Encrypts in place.</summary>
    /// <param name="bytes">5 to 19 bytes.</param>
    public void Encrypt(Span<byte> bytes)
    {
        if (bytes.Length == BlockLength)
        {
            EncryptBlock(bytes);
            return;
        }

        Span<byte> halves = stackalloc byte[2 * LongestHalf];
        var network = new Halves(bytes, halves);
        for (byte pass = 1; pass <= 4; pass++)
            Round(network, pass);
        network.Join(bytes);
    }

    /// <summary>Decrypts in place.</summary>
    /// <param name="bytes">5 to 19 bytes.</param>
    public void Decrypt(Span<byte> bytes)
    {
        if (bytes.Length == BlockLength)
        {
            _platform.DecryptEcb(bytes, bytes, PaddingMode.None);
            return;
        }

        Span<byte> halves = stackalloc byte[2 * LongestHalf];
        var network = new Halves(bytes, halves);
        for (byte pass = 4; pass >= 1; pass--)
            Round(network, pass);
        network.Join(bytes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _platform.Dispose();
        _instructions?.Dispose();
    }

    private static Aes PlatformAes(ReadOnlySpan<byte> key)
    {
        var aes = Aes.Create();
        aes.SetKey(key);
        return aes;
    }

    /// <summary>Odd passes change the right half by the left one, even passes the left half by the right one; each is its own inverse.</summary>
    private void Round(Halves halves, byte pass)
    {
        bool changesRight = pass % 2 == 1;
        Span<byte> source = changesRight ? halves.Left : halves.Right;
        Span<byte> target = changesRight ? halves.Right : halves.Left;
        Span<byte> block = stackalloc byte[BlockLength];
        block.Clear();
        source.CopyTo(block);
        block[BlockLength - 2] = (byte)halves.Length;
        block[BlockLength - 1] = pass;
        EncryptBlock(block);
        for (int index = 0; index < target.Length; index++)
            target[index] ^= block[index];
        halves.ClearMiddle();
    }

    private void EncryptBlock(Span<byte> block)
    {
        if (_instructions is { } aes)
            aes.Encrypt(Vector128.Create<byte>(block)).CopyTo(block);
        else
            _platform.EncryptEcb(block, block, PaddingMode.None);
    }

    /// <summary>Both halves; of an odd length, each has four bits of the middle byte, and zeros in their place.</summary>
    private readonly ref struct Halves
    {
        public Halves(ReadOnlySpan<byte> bytes, Span<byte> room)
        {
            Length = bytes.Length;
            int half = (bytes.Length + 1) / 2;
            Left = room[..half];
            Right = room.Slice(half, half);
            bytes[..half].CopyTo(Left);
            bytes[^half..].CopyTo(Right);
            ClearMiddle();
        }

        public int Length { get; }

        public Span<byte> Left { get; }

        public Span<byte> Right { get; }

        private bool IsOdd => Length % 2 == 1;

        public void ClearMiddle()
        {
            if (!IsOdd)
                return;
            Left[^1] &= 0xf0;
            Right[0] &= 0x0f;
        }

        public void Join(Span<byte> bytes)
        {
            Left.CopyTo(bytes);
            if (IsOdd)
                Right[0] |= Left[^1];
            Right.CopyTo(bytes[^Right.Length..]);
        }
    }
}
