namespace CoQuic.Engine;

/// <summary>The states of the receiving part of a stream (RFC 9000 §3.2).</summary>
internal enum ReceivingState : byte
{
    Recv,
    SizeKnown,
    DataRecvd,
    DataRead,
    ResetRecvd,
    ResetRead,
}

/// <summary>The transitions of RFC 9000 Figure 3. What a state does not expect leaves it unchanged.</summary>
internal static class ReceivingStates
{
    /// <summary>A STREAM frame with FIN arrived: the final size is known.</summary>
    public static ReceivingState OnFin(this ReceivingState state) =>
        state == ReceivingState.Recv ? ReceivingState.SizeKnown : state;

    /// <summary>All data up to the final size has arrived. After a reset we do not go back to Data Recvd (optional).</summary>
    public static ReceivingState OnAllData(this ReceivingState state) =>
        state == ReceivingState.SizeKnown ? ReceivingState.DataRecvd : state;

    /// <summary>RESET_STREAM arrived. When all data has arrived we keep it and ignore the reset (optional).</summary>
    public static ReceivingState OnResetStream(this ReceivingState state) =>
        state is ReceivingState.Recv or ReceivingState.SizeKnown ? ReceivingState.ResetRecvd : state;

    /// <summary>The application has been given all data.</summary>
    public static ReceivingState OnDataRead(this ReceivingState state) =>
        state == ReceivingState.DataRecvd ? ReceivingState.DataRead : state;

    /// <summary>The application has been told of the reset.</summary>
    public static ReceivingState OnResetRead(this ReceivingState state) =>
        state == ReceivingState.ResetRecvd ? ReceivingState.ResetRead : state;

    public static bool IsTerminal(this ReceivingState state) => state is ReceivingState.DataRead or ReceivingState.ResetRead;
}
