using System;

namespace CoQuic.Engine;

/// <summary>Which algorithms there are.</summary>
internal static class CongestionControllers
{
    /// <summary>Whether an algorithm is implemented: a configuration that asks for another is refused before anything starts.</summary>
    public static bool IsSupported(CongestionControl algorithm) =>
        algorithm is CongestionControl.NewReno or CongestionControl.Cubic;

    /// <summary>Makes the controller of a new path.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The algorithm is not supported.</exception>
    public static ICongestionController Create(CongestionControl algorithm, int maximumDatagramSize) => algorithm switch
    {
        CongestionControl.NewReno => new NewReno(maximumDatagramSize),
        CongestionControl.Cubic => new Cubic(maximumDatagramSize),
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "This congestion controller is not implemented."),
    };
}
