using System;

namespace CoQuic.Engine;

/// <summary>
/// Functions made of nothing but the four operations: the mathematics libraries of platforms differ in the last digit, and a run
/// must be the same everywhere.
/// </summary>
internal static class PortableMath
{
    private const int NewtonSteps = 6;
    private const int ExponentialTerms = 14;
    private const int ExponentialHalvings = 10;

    /// <summary>Where e to the power of it is as good as 0, or as infinite.</summary>
    private const double ExponentialRange = 700;

    /// <summary>The cube root, by Newton's method; 0 of what is not positive.</summary>
    public static double CubeRoot(double value)
    {
        if (value <= 0)
            return 0;
        // A third of the exponent gives a first guess within a factor of two.
        double root = BitConverter.Int64BitsToDouble((BitConverter.DoubleToInt64Bits(value) / 3) + (682L << 52));
        for (int i = 0; i < NewtonSteps; i++)
            root -= (root - (value / (root * root))) / 3;
        return root;
    }

    /// <summary>The tenth root, by Newton's method; 0 of what is not positive.</summary>
    public static double TenthRoot(double value)
    {
        if (value <= 0)
            return 0;
        double root = BitConverter.Int64BitsToDouble((BitConverter.DoubleToInt64Bits(value) / 10) + (921L << 52));
        for (int i = 0; i < 2 * NewtonSteps; i++)
        {
            double third = root * root * root;
            root -= (root - (value / (third * third * third))) / 10;
        }

        return root;
    }

    /// <summary>e to the power of a value, by its series at a small part of the value, squared again and again.</summary>
    public static double Exponential(double value)
    {
        double small = Math.Clamp(value, -ExponentialRange, ExponentialRange) / (1 << ExponentialHalvings);
        double term = 1;
        double sum = 1;
        for (int n = 1; n <= ExponentialTerms; n++)
        {
            term *= small / n;
            sum += term;
        }

        for (int i = 0; i < ExponentialHalvings; i++)
            sum *= sum;
        return sum;
    }
}
