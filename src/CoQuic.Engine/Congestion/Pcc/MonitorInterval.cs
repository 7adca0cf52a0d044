namespace CoQuic.Engine;

/// <summary>
/// A monitor interval of PCC: data sent at one rate for about a round trip, and what became of it. Of two packets of the interval that
/// are acknowledged, the round-trip times are put on a line, whose slope tells whether a queue grows.
/// </summary>
internal sealed class MonitorInterval
{
    private double _sumSent;
    private double _sumRtt;
    private double _sumSentSquared;
    private double _sumSentRtt;
    private int _samples;

    public MonitorInterval(TimeUs start, TimeUs end, double rate, PccTrial trial)
    {
        Start = start;
        End = end;
        Rate = rate;
        Trial = trial;
    }

    public TimeUs Start { get; }

    /// <summary>No packet of it is sent then or later.</summary>
    public TimeUs End { get; }

    /// <summary>The rate that it tries, in bytes per second.</summary>
    public double Rate { get; }

    public PccTrial Trial { get; }

    public ulong Sent { get; private set; }

    public ulong Acked { get; private set; }

    public ulong Lost { get; private set; }

    /// <summary>Whether the application had less to send than the rate allowed: then it tells nothing.</summary>
    public bool IsAppLimited { get; private set; }

    /// <summary>Whether all that was sent in it has arrived or is lost.</summary>
    public bool IsSettled => Acked + Lost >= Sent;

    /// <summary>L: the share that was lost.</summary>
    public double LossRate => Sent == 0 ? 0 : (double)Lost / Sent;

    /// <summary>dRTT/dT: seconds by which the round trip grows in a second, by least squares.</summary>
    public double RttGradient
    {
        get
        {
            double spread = (_samples * _sumSentSquared) - (_sumSent * _sumSent);
            return _samples < 2 || spread <= 0 ? 0 : ((_samples * _sumSentRtt) - (_sumSent * _sumRtt)) / spread;
        }
    }

    /// <summary>Whether a packet belongs to it.</summary>
    public bool Contains(TimeUs sentTime) => sentTime >= Start && sentTime < End;

    public void OnSent(in SentPacket packet)
    {
        Sent += (ulong)packet.Size;
        IsAppLimited |= packet.IsAppLimited;
    }

    public void OnAcked(TimeUs now, in SentPacket packet)
    {
        Acked += (ulong)packet.Size;
        double sent = (packet.TimeSent - Start).TotalSeconds;
        double rtt = (now - packet.TimeSent).TotalSeconds;
        _samples++;
        _sumSent += sent;
        _sumRtt += rtt;
        _sumSentSquared += sent * sent;
        _sumSentRtt += sent * rtt;
    }

    /// <summary>So many bytes of it were lost, or marked by the network.</summary>
    public void OnLost(int bytes) => Lost += (ulong)bytes;
}

/// <summary>What an interval is for.</summary>
internal enum PccTrial : byte
{
    /// <summary>Nothing: it bridges the time until trials have their answers.</summary>
    None,

    /// <summary>Its rate, by itself.</summary>
    Plain,

    /// <summary>A little more than the current rate.</summary>
    Higher,

    /// <summary>A little less than the current rate.</summary>
    Lower,
}
