namespace CoQuic.Engine;

/// <summary>
/// Until a peer's address is validated, at most three times the bytes received from it are sent to it (RFC 9000 §8.1).
/// One of these belongs to each path.
/// </summary>
internal sealed class AntiAmplification
{
    /// <summary>Bytes that may be sent for each byte received (RFC 9000 §8.1).</summary>
    public const ulong Factor = 3;

    private ulong _received;
    private ulong _sent;

    public AntiAmplification(bool isValidated) => IsValidated = isValidated;

    public bool IsValidated { get; private set; }

    /// <summary>Bytes that may be sent now; without limit once the address is validated.</summary>
    public ulong Budget
    {
        get
        {
            if (IsValidated)
                return ulong.MaxValue;
            ulong allowed = Factor * _received;
            return allowed > _sent ? allowed - _sent : 0;
        }
    }

    /// <summary>
    /// Whether a probe has to wait for the peer, so that no PTO timer may run (RFC 9002 §6.2.2.1): a server's ack-eliciting Initial
    /// fills a datagram of the smallest size (RFC 9000 §14.1).
    /// </summary>
    public bool IsAtLimit => Budget < DatagramSizes.Smallest;

    public bool CanSend(int bytes) => (ulong)bytes <= Budget;

    /// <summary>Counts a whole datagram's payload, whether or not its packets could be processed.</summary>
    public void OnReceived(int bytes) => _received += (ulong)bytes;

    public void OnSent(int bytes) => _sent += (ulong)bytes;

    /// <summary>The peer proved that it receives at its address: from now on nothing is limited.</summary>
    public void Validate() => IsValidated = true;
}
