using System;

namespace CoQuic.Engine;

/// <summary>Which algorithms there are.</summary>
internal static class CongestionControllers
{
    /// <summary>Whether an algorithm is known: a configuration that asks for another is refused before anything starts.</summary>
    public static bool IsSupported(CongestionControl algorithm) => algorithm <= CongestionControl.PccVivace;

    /// <summary>Makes the controller of a new path.</summary>
    /// <param name="transport">Which algorithm, and whether with HyStart++.</param>
    /// <param name="maximumDatagramSize">max_datagram_size of the path, in bytes.</param>
    /// <param name="entropy">Where algorithms that try things at random times draw them.</param>
    /// <exception cref="ArgumentOutOfRangeException">The algorithm is not known.</exception>
    public static ICongestionController Create(TransportConfig transport, int maximumDatagramSize, IEntropy entropy) =>
        transport.CongestionControl switch
        {
            CongestionControl.NewReno => new NewReno(maximumDatagramSize, transport.EnableHyStartPlusPlus),
            CongestionControl.Cubic => new Cubic(maximumDatagramSize, transport.EnableHyStartPlusPlus),
            CongestionControl.Bbr => new Bbr(maximumDatagramSize, entropy),
            CongestionControl.Copa => new Copa(maximumDatagramSize),
            CongestionControl.Pcc => new Pcc(maximumDatagramSize, entropy, rate => new Allegro(rate)),
            CongestionControl.PccVivace => new Pcc(maximumDatagramSize, entropy, rate => new Vivace(rate)),
            _ => throw new ArgumentOutOfRangeException(
                nameof(transport), transport.CongestionControl, "There is no such congestion controller."),
        };
}
