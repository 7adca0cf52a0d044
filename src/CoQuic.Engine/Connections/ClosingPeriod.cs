using System;

namespace CoQuic.Engine;

/// <summary>
/// The closing and draining states (RFC 9000 §10.2): for three probe timeouts a connection only remembers that it has ended. While
/// closing, packets from the peer are answered with the CONNECTION_CLOSE again, ever more rarely; while draining, with nothing.
/// </summary>
internal sealed class ClosingPeriod
{
    private const int Ptos = 3;
    private const int FirstThreshold = 2;
    private const int MaximumThreshold = 1024;

    private readonly Bytes _closeDatagram;
    private int _threshold = FirstThreshold;
    private int _receivedSinceAnswer;

    /// <param name="now">When the period begins.</param>
    /// <param name="pto">The current probe timeout.</param>
    /// <param name="closeDatagram">The datagram with our CONNECTION_CLOSE; empty when draining.</param>
    public ClosingPeriod(TimeUs now, TimeSpan pto, Bytes closeDatagram)
    {
        _closeDatagram = closeDatagram;
        End = now + (Ptos * pto);
    }

    /// <summary>When the connection can be forgotten.</summary>
    public TimeUs End { get; }

    /// <summary>Whether our CONNECTION_CLOSE may still be repeated.</summary>
    public bool IsClosing => !_closeDatagram.IsEmpty;

    /// <summary>A datagram came in: perhaps it is answered.</summary>
    /// <param name="size">Its size: an answer is at most three times as large (RFC 9000 §8.1).</param>
    /// <param name="answer">The datagram to send.</param>
    public bool TryAnswer(int size, out Bytes answer)
    {
        answer = _closeDatagram;
        if (!IsClosing || ++_receivedSinceAnswer < _threshold || (ulong)answer.Length > AntiAmplification.Factor * (ulong)size)
            return false;
        _receivedSinceAnswer = 0;
        _threshold = Math.Min(2 * _threshold, MaximumThreshold);
        return true;
    }
}
