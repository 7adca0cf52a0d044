using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using AesInstructions = System.Runtime.Intrinsics.X86.Aes;

namespace CoQuic.Engine;

/// <summary>
/// The round keys of AES-128 or AES-256 (FIPS 197 §5.2), and blocks encrypted with the processor's instructions.
/// </summary>
internal sealed class AesKeySchedule : IDisposable
{
    private const int WordsPerBlock = 4;

    private Vector128<byte>[] _roundKeys;

    /// <summary>Expands a key.</summary>
    /// <param name="key">16 or 32 bytes.</param>
    public AesKeySchedule(ReadOnlySpan<byte> key)
    {
        Debug.Assert(key.Length is 16 or 32, "QUIC has AES-128 and AES-256");
        int keyWords = key.Length / sizeof(uint);
        Rounds = keyWords + 6;
        _roundKeys = KeyMemory<Vector128<byte>>.Take();
        Expand(MemoryMarshal.Cast<byte, uint>(key), MemoryMarshal.Cast<Vector128<byte>, uint>(_roundKeys.AsSpan(0, Rounds + 1)));
    }

    public static bool IsSupported => AesInstructions.IsSupported;

    /// <summary>10 or 14.</summary>
    public int Rounds { get; }

    /// <summary>The first of <see cref="Rounds"/> + 1 round keys.</summary>
    public ref Vector128<byte> FirstRoundKey => ref MemoryMarshal.GetArrayDataReference(_roundKeys);

    /// <summary>Encrypts one block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector128<byte> Encrypt(Vector128<byte> block)
    {
        ref Vector128<byte> keys = ref FirstRoundKey;
        block ^= keys;
        for (int round = 1; round < Rounds; round++)
            block = AesInstructions.Encrypt(block, Unsafe.Add(ref keys, round));
        return AesInstructions.EncryptLast(block, Unsafe.Add(ref keys, Rounds));
    }

    /// <inheritdoc/>
    public void Dispose() => KeyMemory<Vector128<byte>>.Return(ref _roundKeys);

    /// <summary>
    /// FIPS 197 §5.2, with the processor's substitution box: no table, so no cache tells what the key is.
    /// </summary>
    private static void Expand(ReadOnlySpan<uint> key, Span<uint> words)
    {
        key.CopyTo(words);
        uint roundConstant = 1;
        for (int i = key.Length; i < words.Length; i++)
        {
            uint word = words[i - 1];
            if (i % key.Length == 0)
            {
                word = RotateAndSubstitute(word) ^ roundConstant;
                roundConstant = (roundConstant << 1) ^ ((roundConstant >> 7) * 0x11b);
            }
            else if (key.Length > 6 && i % key.Length == WordsPerBlock)
            {
                word = Substitute(word);
            }

            words[i] = words[i - key.Length] ^ word;
        }
    }

    // The instruction substitutes the words 1 and 3, and rotates a copy of each: results 2 and 3 come from word 3.
    private static uint Substitute(uint word) =>
        AesInstructions.KeygenAssist(Vector128.Create(word).AsByte(), 0).AsUInt32().GetElement(2);

    private static uint RotateAndSubstitute(uint word) =>
        AesInstructions.KeygenAssist(Vector128.Create(word).AsByte(), 0).AsUInt32().GetElement(3);
}
