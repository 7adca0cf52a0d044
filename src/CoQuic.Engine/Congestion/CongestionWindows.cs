using System;

namespace CoQuic.Engine;

/// <summary>The windows that follow from max_datagram_size alone (RFC 9002 §7.2).</summary>
internal static class CongestionWindows
{
    private const ulong InitialPackets = 10;
    private const ulong InitialLimit = 14_720;
    private const ulong MinimumPackets = 2;

    /// <summary>kInitialWindow: ten datagrams, limited to the larger of 14,720 bytes and two datagrams.</summary>
    public static ulong Initial(int maximumDatagramSize)
    {
        ulong size = (ulong)maximumDatagramSize;
        return Math.Min(InitialPackets * size, Math.Max(InitialLimit, MinimumPackets * size));
    }

    /// <summary>kMinimumWindow: two datagrams.</summary>
    public static ulong Minimum(int maximumDatagramSize) => MinimumPackets * (ulong)maximumDatagramSize;

    /// <summary>The window after max_datagram_size changed, in bytes: nothing below the initial window until congestion was met.</summary>
    /// <param name="window">The window so far.</param>
    /// <param name="hasMetCongestion">Whether the window was ever reduced.</param>
    /// <param name="oldSize">max_datagram_size so far.</param>
    /// <param name="newSize">max_datagram_size from now on.</param>
    public static ulong AfterSizeChange(ulong window, bool hasMetCongestion, int oldSize, int newSize)
    {
        bool isUntouched = window == Initial(oldSize) && !hasMetCongestion;
        return isUntouched ? Initial(newSize) : Math.Max(window, Minimum(newSize));
    }
}
