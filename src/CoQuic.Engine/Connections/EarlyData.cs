namespace CoQuic.Engine;

/// <summary>
/// A client's early data (RFC 9001 §4.6): offered under remembered limits, sent, and answered by the server. What an answer means for
/// streams is decided when the server's parameters are there.
/// </summary>
/// <param name="remembered">The parameters under which it is sent; none when none is offered.</param>
internal sealed class EarlyData(TransportParameters? remembered)
{
    private Stage _stage = remembered is null ? Stage.NotOffered : Stage.Offered;

    private enum Stage : byte
    {
        NotOffered,
        Offered,
        Sent,
        Accepted,
        Rejected,
    }

    /// <summary>Whether the server took it.</summary>
    public bool IsAccepted => _stage == Stage.Accepted;

    /// <summary>Whether the server refused it.</summary>
    public bool IsRejected => _stage == Stage.Rejected;

    /// <summary>A 0-RTT packet was sent.</summary>
    /// <returns>Whether it is the first.</returns>
    public bool OnSent()
    {
        bool isFirst = _stage == Stage.Offered;
        if (isFirst)
            _stage = Stage.Sent;
        return isFirst;
    }

    public void OnAnswer(bool isAccepted) => _stage = isAccepted ? Stage.Accepted : Stage.Rejected;

    /// <summary>RFC 9000 §7.4.1: a server that accepts early data keeps the limits under which it was sent.</summary>
    public TransportError? CheckParameters(TransportParameters parameters)
    {
        bool isBroken = IsAccepted && remembered is not null && RememberedParameters.AreReduced(remembered, parameters);
        return isBroken
            ? new TransportError(TransportErrorCode.ProtocolViolation, "0-RTT accepted with lower limits (RFC 9000 §7.4.1)")
            : null;
    }
}
