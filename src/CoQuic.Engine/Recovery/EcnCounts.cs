namespace CoQuic.Engine;

/// <summary>How many packets of one packet number space arrived with each ECN codepoint (RFC 9000 §19.3.2).</summary>
/// <param name="Ect0">Packets marked ECT(0).</param>
/// <param name="Ect1">Packets marked ECT(1).</param>
/// <param name="Ce">Packets marked Congestion Experienced.</param>
internal readonly record struct EcnCounts(ulong Ect0, ulong Ect1, ulong Ce)
{
    public EcnCounts Add(EcnCodepoint codepoint) => codepoint switch
    {
        EcnCodepoint.Ect0 => this with { Ect0 = Ect0 + 1 },
        EcnCodepoint.Ect1 => this with { Ect1 = Ect1 + 1 },
        EcnCodepoint.Ce => this with { Ce = Ce + 1 },
        _ => this,
    };
}
