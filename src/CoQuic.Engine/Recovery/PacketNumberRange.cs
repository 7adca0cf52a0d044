namespace CoQuic.Engine;

/// <summary>Consecutive packet numbers, both ends included.</summary>
internal readonly record struct PacketNumberRange(ulong Smallest, ulong Largest)
{
    public ulong Count => Largest - Smallest + 1;

    public bool Contains(ulong packetNumber) => packetNumber >= Smallest && packetNumber <= Largest;

    public override string ToString() => Smallest == Largest ? $"{Largest}" : $"{Smallest}-{Largest}";
}
