namespace CoQuic.Engine;

/// <summary>The congestion control algorithm of an endpoint's connections.</summary>
public enum CongestionControl : byte
{
    /// <summary>NewReno (RFC 9002 §7).</summary>
    NewReno,

    /// <summary>CUBIC (RFC 9438).</summary>
    Cubic,

    /// <summary>BBR.</summary>
    Bbr,

    /// <summary>COPA.</summary>
    Copa,

    /// <summary>PCC Allegro.</summary>
    Pcc,

    /// <summary>PCC Vivace.</summary>
    PccVivace,
}
