using System;

namespace CoQuic.Engine;

/// <summary>W_cubic (RFC 9438 §4.2): the window over the time since congestion avoidance began.</summary>
internal readonly record struct CubicCurve
{
    /// <summary>C, in segments per second to the third power (RFC 9438 §5).</summary>
    private const double Scale = 0.4;

    private readonly double _maximum;
    private readonly double _scaleInBytes;

    private CubicCurve(double maximum, double scaleInBytes, double k)
    {
        _maximum = maximum;
        _scaleInBytes = scaleInBytes;
        K = k;
    }

    /// <summary>K: seconds until the curve reaches the window of the last congestion event.</summary>
    public double K { get; }

    /// <summary>The curve that leads from one window to a larger one, in bytes.</summary>
    public static CubicCurve Between(double start, double maximum, int segmentSize)
    {
        double scale = Scale * segmentSize;
        return new CubicCurve(maximum, scale, PortableMath.CubeRoot((maximum - start) / scale));
    }

    /// <summary>The window after some time, in bytes.</summary>
    public double At(TimeSpan elapsed)
    {
        double t = elapsed.TotalSeconds - K;
        return _maximum + (_scaleInBytes * t * t * t);
    }
}
