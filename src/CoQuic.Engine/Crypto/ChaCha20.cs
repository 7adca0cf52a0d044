using System;
using System.Buffers.Binary;
using System.Numerics;

namespace CoQuic.Engine;

/// <summary>
/// The ChaCha20 block function (RFC 8439 §2.3). The platform offers it only inside its AEAD; header protection needs a bare block.
/// </summary>
internal static class ChaCha20
{
    public const int BlockLength = 64;

    private const int Words = BlockLength / sizeof(uint);
    private const int DoubleRounds = 10;

    private static ReadOnlySpan<byte> Constants => "expand 32-byte k"u8;

    /// <summary>Computes one block of the key stream.</summary>
    /// <param name="key">32 bytes.</param>
    /// <param name="counter">The block's number.</param>
    /// <param name="nonce">12 bytes.</param>
    /// <param name="block">64 bytes to fill.</param>
    public static void Block(ReadOnlySpan<byte> key, uint counter, ReadOnlySpan<byte> nonce, Span<byte> block)
    {
        Span<uint> initial = stackalloc uint[Words];
        ReadWords(Constants, initial);
        ReadWords(key, initial[4..]);
        initial[12] = counter;
        ReadWords(nonce, initial[13..]);

        Span<uint> state = stackalloc uint[Words];
        initial.CopyTo(state);
        for (int i = 0; i < DoubleRounds; i++)
            DoubleRound(state);
        for (int i = 0; i < Words; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(block[(sizeof(uint) * i)..], state[i] + initial[i]);
    }

    private static void ReadWords(ReadOnlySpan<byte> bytes, Span<uint> words)
    {
        for (int i = 0; i < bytes.Length / sizeof(uint); i++)
            words[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(sizeof(uint) * i)..]);
    }

    /// <summary>The four columns, then the four diagonals (RFC 8439 §2.3).</summary>
    private static void DoubleRound(Span<uint> s)
    {
        QuarterRound(ref s[0], ref s[4], ref s[8], ref s[12]);
        QuarterRound(ref s[1], ref s[5], ref s[9], ref s[13]);
        QuarterRound(ref s[2], ref s[6], ref s[10], ref s[14]);
        QuarterRound(ref s[3], ref s[7], ref s[11], ref s[15]);
        QuarterRound(ref s[0], ref s[5], ref s[10], ref s[15]);
        QuarterRound(ref s[1], ref s[6], ref s[11], ref s[12]);
        QuarterRound(ref s[2], ref s[7], ref s[8], ref s[13]);
        QuarterRound(ref s[3], ref s[4], ref s[9], ref s[14]);
    }

    private static void QuarterRound(ref uint a, ref uint b, ref uint c, ref uint d)
    {
        a += b;
        d = BitOperations.RotateLeft(d ^ a, 16);
        c += d;
        b = BitOperations.RotateLeft(b ^ c, 12);
        a += b;
        d = BitOperations.RotateLeft(d ^ a, 8);
        c += d;
        b = BitOperations.RotateLeft(b ^ c, 7);
    }
}
