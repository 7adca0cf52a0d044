namespace CoQuic.Engine;

/// <summary>The ECN field of an IP packet (RFC 3168 §5), with a value for "the host cannot tell".</summary>
public enum EcnCodepoint : byte
{
    /// <summary>The host did not say. Not counted.</summary>
    Unavailable,

    /// <summary>Not-ECT: the sender does not take part.</summary>
    NotEct,

    /// <summary>ECT(0).</summary>
    Ect0,

    /// <summary>ECT(1).</summary>
    Ect1,

    /// <summary>Congestion experienced.</summary>
    Ce,
}

/// <summary>Which codepoint marks our packets.</summary>
public enum EcnPolicy : byte
{
    /// <summary>ECT(0), as RFC 9000 §13.4 suggests.</summary>
    Rfc9000Ect0,

    /// <summary>ECT(1), for experiments under RFC 8311.</summary>
    Rfc8311Ect1,
}
