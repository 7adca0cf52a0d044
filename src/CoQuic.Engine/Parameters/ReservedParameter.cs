using System;
using System.Buffers.Binary;

namespace CoQuic.Engine;

/// <summary>A transport parameter that means nothing, so that peers keep ignoring what they do not know (RFC 9000 §18.1).</summary>
/// <param name="Id">31 × N + 27.</param>
/// <param name="Value">Anything.</param>
internal readonly record struct ReservedParameter(ulong Id, Bytes Value)
{
    private const int LongestValue = 15;

    /// <summary>Draws one.</summary>
    public static ReservedParameter Draw(IEntropy entropy)
    {
        byte[] drawn = new byte[sizeof(uint) + 1 + LongestValue];
        entropy.Fill(drawn);
        ulong number = BinaryPrimitives.ReadUInt32BigEndian(drawn);
        int length = drawn[sizeof(uint)] % (LongestValue + 1);
        return new ReservedParameter((31 * number) + 27, Bytes.Wrap(drawn.AsMemory(sizeof(uint) + 1, length)));
    }
}
