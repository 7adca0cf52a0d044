using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// The eight words of SHA-256 between two blocks (FIPS 180-4 §6.2); a copy goes on by itself. A handshake hashes a hundred single blocks
/// for its keys, and a call of the platform's costs six times what a block does: long messages are for the platform.
/// </summary>
[InlineArray(Words)]
internal struct Sha256State
{
    public const int BlockLength = 64;
    public const int HashLength = 32;

    private const int Words = 8;
    private const int WordsPerBlock = BlockLength / sizeof(uint);
    private const int Rounds = 64;

    private uint _first;

    /// <summary>Nothing hashed yet (FIPS 180-4 §5.3.3).</summary>
    public static Sha256State Initial
    {
        get
        {
            var state = default(Sha256State);
            InitialWords.CopyTo(state);
            return state;
        }
    }

    private static ReadOnlySpan<uint> InitialWords =>
    [
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    ];

    // FIPS 180-4 §4.2.2.
    private static ReadOnlySpan<uint> RoundConstants =>
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    // AggressiveOptimization: short connections come early in a program's life, when other code is still slow.

    /// <summary>Takes in one block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Append(ReadOnlySpan<byte> block)
    {
        Span<uint> schedule = stackalloc uint[Rounds];
        FillSchedule(block, schedule);
        ReadOnlySpan<uint> constants = RoundConstants;
        Span<uint> words = this;
        uint a = words[0], b = words[1], c = words[2], d = words[3], e = words[4], f = words[5], g = words[6], h = words[7];
        for (int t = 0; t < Rounds; t++)
        {
            // The names of FIPS 180-4 §6.2.2. What is added last is what is known last.
            uint t1 = h + schedule[t] + constants[t] + Choose(e, f, g) + UpperSigma1(e);
            uint t2 = Majority(a, b, c) + UpperSigma0(a);
            (h, g, f, e, d, c, b, a) = (g, f, e, d + t1, c, b, a, t1 + t2);
        }

        words[0] += a;
        words[1] += b;
        words[2] += c;
        words[3] += d;
        words[4] += e;
        words[5] += f;
        words[6] += g;
        words[7] += h;
        schedule.Clear();
    }

    /// <summary>Takes in what follows the last whole block, pads it (FIPS 180-4 §5.1.1), and gives the hash.</summary>
    /// <param name="rest">The rest of the message, of any length.</param>
    /// <param name="blocks">How many blocks came before.</param>
    /// <param name="hash">32 bytes to fill.</param>
    public void Finish(ReadOnlySpan<byte> rest, int blocks, Span<byte> hash)
    {
        ulong bits = 8 * (((ulong)blocks * BlockLength) + (ulong)rest.Length);
        for (; rest.Length >= BlockLength; rest = rest[BlockLength..])
            Append(rest[..BlockLength]);

        Span<byte> last = stackalloc byte[BlockLength];
        last.Clear();
        rest.CopyTo(last);
        last[rest.Length] = 0x80;
        if (rest.Length >= BlockLength - sizeof(ulong))
        {
            Append(last);
            last.Clear();
        }

        BinaryPrimitives.WriteUInt64BigEndian(last[^sizeof(ulong)..], bits);
        Append(last);
        CryptographicOperations.ZeroMemory(last);
        for (int i = 0; i < Words; i++)
            BinaryPrimitives.WriteUInt32BigEndian(hash[(sizeof(uint) * i)..], this[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillSchedule(ReadOnlySpan<byte> block, Span<uint> schedule)
    {
        for (int t = 0; t < WordsPerBlock; t++)
            schedule[t] = BinaryPrimitives.ReadUInt32BigEndian(block[(sizeof(uint) * t)..]);
        for (int t = WordsPerBlock; t < schedule.Length; t++)
            schedule[t] = schedule[t - 16] + LowerSigma0(schedule[t - 15]) + schedule[t - 7] + LowerSigma1(schedule[t - 2]);
    }

    // FIPS 180-4 §4.1.2.
    private static uint Choose(uint x, uint y, uint z) => z ^ (x & (y ^ z));

    private static uint Majority(uint x, uint y, uint z) => (x & y) | (z & (x | y));

    private static uint UpperSigma0(uint x) =>
        BitOperations.RotateRight(x, 2) ^ BitOperations.RotateRight(x, 13) ^ BitOperations.RotateRight(x, 22);

    private static uint UpperSigma1(uint x) =>
        BitOperations.RotateRight(x, 6) ^ BitOperations.RotateRight(x, 11) ^ BitOperations.RotateRight(x, 25);

    private static uint LowerSigma0(uint x) =>
        BitOperations.RotateRight(x, 7) ^ BitOperations.RotateRight(x, 18) ^ (x >> 3);

    private static uint LowerSigma1(uint x) =>
        BitOperations.RotateRight(x, 17) ^ BitOperations.RotateRight(x, 19) ^ (x >> 10);
}
