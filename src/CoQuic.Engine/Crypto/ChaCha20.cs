using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace CoQuic.Engine;

/// <summary>
/// The ChaCha20 block function (RFC 8439 §2.3). The platform offers it only inside its AEAD; header protection needs a
/// bare block.
/// </summary>
internal static class ChaCha20
{
    public const int BlockLength = 64;

    private const int RowLength = 16;
    private const int DoubleRounds = 10;

    private static ReadOnlySpan<byte> Constants => "expand 32-byte k"u8;

    /// <summary>Computes one block of the key stream.</summary>
    /// <param name="key">32 bytes.</param>
    /// <param name="counterAndNonce">
    /// The block's number in 4 bytes, the least significant first, and a nonce of 12.
    /// </param>
    /// <param name="block">64 bytes to fill.</param>
    public static void Block(ReadOnlySpan<byte> key, ReadOnlySpan<byte> counterAndNonce, Span<byte> block)
    {
        // The state's four rows (RFC 8439 §2.3), so that a column is one lane of all of them.
        Vector128<uint> row0 = Row(Constants);
        Vector128<uint> row1 = Row(key);
        Vector128<uint> row2 = Row(key[RowLength..]);
        Vector128<uint> row3 = Row(counterAndNonce);

        Vector128<uint> a = row0, b = row1, c = row2, d = row3;
        for (int i = 0; i < DoubleRounds; i++)
        {
            QuarterRounds(ref a, ref b, ref c, ref d);
            (b, c, d) = (Turn1(b), Turn2(c), Turn3(d));
            QuarterRounds(ref a, ref b, ref c, ref d);
            (b, c, d) = (Turn3(b), Turn2(c), Turn1(d));
        }

        Write(a + row0, block);
        Write(b + row1, block[RowLength..]);
        Write(c + row2, block[(2 * RowLength)..]);
        Write(d + row3, block[(3 * RowLength)..]);
    }

    /// <summary>
    /// Four quarter rounds at once (RFC 8439 §2.1): of the columns, or of the diagonals when the rows are turned.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void QuarterRounds(
        ref Vector128<uint> a, ref Vector128<uint> b, ref Vector128<uint> c, ref Vector128<uint> d)
    {
        a += b;
        d = RotateLeft(d ^ a, 16);
        c += d;
        b = RotateLeft(b ^ c, 12);
        a += b;
        d = RotateLeft(d ^ a, 8);
        c += d;
        b = RotateLeft(b ^ c, 7);
    }

    private static Vector128<uint> RotateLeft(Vector128<uint> words, int bits) =>
        (words << bits) | (words >>> (32 - bits));

    private static Vector128<uint> Turn1(Vector128<uint> row) => Vector128.Shuffle(row, Vector128.Create(1u, 2, 3, 0));

    private static Vector128<uint> Turn2(Vector128<uint> row) => Vector128.Shuffle(row, Vector128.Create(2u, 3, 0, 1));

    private static Vector128<uint> Turn3(Vector128<uint> row) => Vector128.Shuffle(row, Vector128.Create(3u, 0, 1, 2));

    private static Vector128<uint> Row(ReadOnlySpan<byte> bytes) => InMemoryOrder(Vector128.Create(bytes).AsUInt32());

    private static void Write(Vector128<uint> row, Span<byte> bytes) => InMemoryOrder(row).AsByte().CopyTo(bytes);

    /// <summary>ChaCha20's words are little-endian, whatever the processor's are.</summary>
    private static Vector128<uint> InMemoryOrder(Vector128<uint> row) => BitConverter.IsLittleEndian
        ? row
        : Vector128.Shuffle(row.AsByte(), Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)).AsUInt32();
}
