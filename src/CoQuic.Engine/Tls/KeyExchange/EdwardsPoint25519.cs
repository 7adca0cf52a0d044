using System;

namespace CoQuic.Engine;

/// <summary>
/// A point of edwards25519 (RFC 8032 §5.1), the curve that is curve25519 in other coordinates (RFC 7748 §4.1): x = X/Z, y = Y/Z and
/// xy = T/Z. Its addition has no exceptions, so that nothing depends on which points are added.
/// </summary>
internal readonly struct EdwardsPoint25519
{
    private static readonly FieldElement25519 TwiceD = MakeTwiceD();

    private readonly FieldElement25519 _x;
    private readonly FieldElement25519 _y;
    private readonly FieldElement25519 _z;
    private readonly FieldElement25519 _t;

    private EdwardsPoint25519(
        in FieldElement25519 x, in FieldElement25519 y, in FieldElement25519 z, in FieldElement25519 t)
    {
        _x = x;
        _y = y;
        _z = z;
        _t = t;
    }

    public static EdwardsPoint25519 Neutral { get; } =
        new(FieldElement25519.Zero, FieldElement25519.One, FieldElement25519.One, FieldElement25519.Zero);

    /// <summary>The base point (RFC 8032 §5.1), y = 4/5: u = 9 on the other curve.</summary>
    public static EdwardsPoint25519 Base
    {
        get
        {
            FieldElement25519 x = FieldElement25519.Read(BaseX);
            FieldElement25519 y = FieldElement25519.One.Times(4) * FieldElement25519.One.Times(5).Invert();
            return new EdwardsPoint25519(x, y, FieldElement25519.One, x * y);
        }
    }

    public FieldElement25519 Z => _z;

    private static ReadOnlySpan<byte> BaseX =>
    [
        0x1a, 0xd5, 0x25, 0x8f, 0x60, 0x2d, 0x56, 0xc9, 0xb2, 0xa7, 0x25, 0x95, 0x60, 0xc7, 0x2c, 0x69,
        0x5c, 0xdc, 0xd6, 0xfd, 0x31, 0xe2, 0xa4, 0xc0, 0xfe, 0x53, 0x6e, 0xcd, 0xd3, 0x36, 0x69, 0x21,
    ];

    /// <summary>RFC 8032 §5.1.4, with its names.</summary>
    public EdwardsPoint25519 Double()
    {
        FieldElement25519 a = _x.Square();
        FieldElement25519 b = _y.Square();
        FieldElement25519 zz = _z.Square();
        FieldElement25519 h = (a + b).Carried();
        FieldElement25519 e = h - (_x + _y).Square();
        FieldElement25519 g = (a - b).Carried();
        return FromFactors(e, zz + zz + g, g, h);
    }

    /// <summary>The sum with a point that has Z = 1.</summary>
    public EdwardsPoint25519 Add(in Addend addend) => Add(addend, (_z + _z).Carried());

    /// <summary>The sum with any point.</summary>
    public EdwardsPoint25519 Add(in EdwardsPoint25519 other) => Add(other.AsAddend(), (_z + _z).Carried() * other._z);

    /// <summary>The same point with Z = 1, to be added to others.</summary>
    /// <param name="inverse">1/Z.</param>
    public Addend AsAddend(in FieldElement25519 inverse)
    {
        FieldElement25519 x = _x * inverse;
        FieldElement25519 y = _y * inverse;
        return new Addend(y + x, y - x, x * y * TwiceD);
    }

    /// <summary>u of the other curve, (1 + y) / (1 − y) (RFC 7748 §4.1).</summary>
    public FieldElement25519 ToU() => (_z + _y) * (_z - _y).Invert();

    private Addend AsAddend() => new(_y + _x, _y - _x, _t * TwiceD);

    /// <summary>RFC 8032 §5.1.4, with its names; D = 2 Z1 Z2.</summary>
    private EdwardsPoint25519 Add(in Addend addend, in FieldElement25519 d)
    {
        FieldElement25519 a = (_y - _x) * addend.Difference;
        FieldElement25519 b = (_y + _x) * addend.Sum;
        FieldElement25519 c = _t * addend.Product;
        return FromFactors(b - a, d - c, d + c, b + a);
    }

    private static EdwardsPoint25519 FromFactors(
        in FieldElement25519 e, in FieldElement25519 f, in FieldElement25519 g, in FieldElement25519 h) =>
        new(e * f, g * h, f * g, e * h);

    /// <summary>d = −121665/121666, of the curve's equation.</summary>
    private static FieldElement25519 MakeTwiceD()
    {
        FieldElement25519 d = (FieldElement25519.Zero - FieldElement25519.One.Times(121665))
            * FieldElement25519.One.Times(121666).Invert();
        return (d + d).Carried();
    }

    /// <summary>What a sum takes of its second point.</summary>
    /// <param name="Sum">Y + X.</param>
    /// <param name="Difference">Y − X.</param>
    /// <param name="Product">2d T.</param>
    internal readonly record struct Addend(FieldElement25519 Sum, FieldElement25519 Difference, FieldElement25519 Product);
}
