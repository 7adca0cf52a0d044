namespace CoQuic.Engine;

/// <summary>What the configuration says about the streams of a connection: our limits, in bytes and in streams.</summary>
internal sealed record StreamSettings
{
    public required Role Role { get; init; }

    /// <summary>Whether <see cref="StreamEventKind.StreamOpened"/> is told.</summary>
    public bool TellOpened { get; init; }

    /// <summary>initial_max_data (RFC 9000 §18.2).</summary>
    public required ulong InitialMaxData { get; init; }

    /// <summary>initial_max_stream_data_bidi_local: on streams that we open.</summary>
    public required ulong InitialMaxStreamDataBidiLocal { get; init; }

    /// <summary>initial_max_stream_data_bidi_remote: on streams that the peer opens.</summary>
    public required ulong InitialMaxStreamDataBidiRemote { get; init; }

    /// <summary>initial_max_stream_data_uni.</summary>
    public required ulong InitialMaxStreamDataUni { get; init; }

    /// <summary>initial_max_streams_bidi: bidirectional streams that the peer may have open at the same time.</summary>
    public required ulong InitialMaxStreamsBidi { get; init; }

    /// <summary>initial_max_streams_uni: unidirectional streams that the peer may have open at the same time.</summary>
    public required ulong InitialMaxStreamsUni { get; init; }

    /// <summary>How far the window of a stream may grow, in bytes; less than its initial window means that it does not.</summary>
    public ulong MaximumStreamWindow { get; init; }

    /// <summary>How far the window of the connection may grow, in bytes; less than its initial window means that it does not.</summary>
    public ulong MaximumConnectionWindow { get; init; }

    public ReceiveCredit Credit { get; init; }

    /// <summary>Whether new ranges of a stream are given out before those below them.</summary>
    public bool OutOfOrderReceive { get; init; }

    /// <summary>Whether streams take turns, or each goes on until it has nothing to send.</summary>
    public bool SendFairness { get; init; } = true;

    /// <summary>Buffered bytes of a stream below which the application hears that it may write more.</summary>
    public ulong SendLowWaterMark { get; init; } = 256 * 1024;

    /// <summary>What an endpoint's configuration says.</summary>
    public static StreamSettings Of(EndpointConfig config) => new()
    {
        Role = config.Role,
        InitialMaxData = config.Transport.InitialMaxData,
        InitialMaxStreamDataBidiLocal = config.Transport.InitialMaxStreamDataBidiLocal,
        InitialMaxStreamDataBidiRemote = config.Transport.InitialMaxStreamDataBidiRemote,
        InitialMaxStreamDataUni = config.Transport.InitialMaxStreamDataUni,
        InitialMaxStreamsBidi = config.Transport.InitialMaxStreamsBidi,
        InitialMaxStreamsUni = config.Transport.InitialMaxStreamsUni,
        MaximumStreamWindow = config.Transport.MaxStreamWindow,
        MaximumConnectionWindow = config.Transport.MaxConnectionWindow,
        Credit = config.Transport.ReceiveCredit,
        OutOfOrderReceive = config.EnableOutOfOrderReceive,
        SendFairness = config.Transport.SendStreamFairness,
        SendLowWaterMark = config.Transport.SendLowWaterMark,
        TellOpened = config.EnableQlog,
    };
}

/// <summary>The peer's limits on us (RFC 9000 §18.2), each as the peer names it: "local" streams are those that the peer opens.</summary>
internal readonly record struct PeerStreamLimits(
    ulong MaxData,
    ulong MaxStreamDataBidiLocal,
    ulong MaxStreamDataBidiRemote,
    ulong MaxStreamDataUni,
    ulong MaxStreamsBidi,
    ulong MaxStreamsUni);
