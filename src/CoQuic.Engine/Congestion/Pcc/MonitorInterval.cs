using System;

namespace CoQuic.Engine;

/// <summary>
/// A monitor interval of PCC: data sent at one rate for about a round trip, and what became of it. The round-trip times that it showed are
/// put on a line, whose slope tells whether a queue grows.
/// </summary>
internal sealed class MonitorInterval
{
    /// <summary>Two points are always on a line: the third shows how good it is.</summary>
    private const int SmallestSample = 3;

    private double _sumSent;
    private double _sumRtt;
    private double _sumSentSquared;
    private double _sumSentRtt;
    private double _sumRttSquared;
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

    /// <summary>
    /// dRTT/dT: seconds by which the round trip grows in a second, by least squares; 0 where the samples lie so far from their line that
    /// its slope may be chance.
    /// </summary>
    public double RttGradient
    {
        get
        {
            double spread = (_samples * _sumSentSquared) - (_sumSent * _sumSent);
            if (_samples < SmallestSample || spread <= 0)
                return 0;
            double slope = ((_samples * _sumSentRtt) - (_sumSent * _sumRtt)) / spread;
            return Math.Abs(slope) > SlopeError(slope, spread) ? slope : 0;
        }
    }

    /// <summary>Whether a packet belongs to it.</summary>
    public bool Contains(TimeUs sentTime) => sentTime >= Start && sentTime < End;

    public void OnSent(in SentPacket packet)
    {
        Sent += (ulong)packet.Size;
        IsAppLimited |= packet.IsAppLimited;
    }

    public void OnAcked(int bytes) => Acked += (ulong)bytes;

    /// <summary>An ACK frame came whose newest packet is of this interval: older ones have waited for it, and say nothing of the path.</summary>
    public void OnRoundTrip(TimeUs sentTime, TimeSpan roundTrip)
    {
        double sent = (sentTime - Start).TotalSeconds;
        double rtt = roundTrip.TotalSeconds;
        _samples++;
        _sumSent += sent;
        _sumRtt += rtt;
        _sumSentSquared += sent * sent;
        _sumSentRtt += sent * rtt;
        _sumRttSquared += rtt * rtt;
    }

    /// <summary>So many bytes of it were lost, or marked by the network.</summary>
    public void OnLost(int bytes) => Lost += (ulong)bytes;

    /// <summary>How far the slope may be off: the standard error of least squares, twice.</summary>
    private double SlopeError(double slope, double spread)
    {
        double rttSpread = (_samples * _sumRttSquared) - (_sumRtt * _sumRtt);
        double residual = Math.Max(0, rttSpread - (slope * slope * spread)) / _samples;
        return 2 * Math.Sqrt(residual / (_samples - 2) * _samples / spread);
    }
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
