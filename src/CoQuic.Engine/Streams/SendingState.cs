namespace CoQuic.Engine;

/// <summary>The states of the sending part of a stream (RFC 9000 §3.1).</summary>
internal enum SendingState : byte
{
    Ready,
    Send,
    DataSent,
    DataRecvd,
    ResetSent,
    ResetRecvd,
}

/// <summary>The transitions of RFC 9000 Figure 2. What a state does not expect leaves it unchanged.</summary>
internal static class SendingStates
{
    /// <summary>A STREAM frame without FIN, or a STREAM_DATA_BLOCKED frame, was sent.</summary>
    public static SendingState OnStreamSent(this SendingState state) =>
        state == SendingState.Ready ? SendingState.Send : state;

    /// <summary>A STREAM frame with FIN was sent.</summary>
    public static SendingState OnFinSent(this SendingState state) =>
        state is SendingState.Ready or SendingState.Send ? SendingState.DataSent : state;

    /// <summary>RESET_STREAM is sent: possible from every state that is not terminal.</summary>
    public static SendingState OnReset(this SendingState state) =>
        state is SendingState.Ready or SendingState.Send or SendingState.DataSent ? SendingState.ResetSent : state;

    /// <summary>All data and the FIN are acknowledged.</summary>
    public static SendingState OnAllAcked(this SendingState state) =>
        state == SendingState.DataSent ? SendingState.DataRecvd : state;

    /// <summary>RESET_STREAM is acknowledged.</summary>
    public static SendingState OnResetAcked(this SendingState state) =>
        state == SendingState.ResetSent ? SendingState.ResetRecvd : state;

    public static bool IsTerminal(this SendingState state) => state is SendingState.DataRecvd or SendingState.ResetRecvd;

    /// <summary>Whether STREAM frames may be sent (RFC 9000 §3.3: not after RESET_STREAM, not from a terminal state).</summary>
    public static bool CanSendStream(this SendingState state) =>
        state is SendingState.Ready or SendingState.Send or SendingState.DataSent;
}
