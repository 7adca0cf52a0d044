using System.Net;
using System.Net.Sockets;

namespace CoQuic.Engine;

/// <summary>The preferred_address transport parameter (RFC 9000 §18.2): where a server would rather be reached.</summary>
/// <param name="IPv4">The IPv4 address and port, if it offers one.</param>
/// <param name="IPv6">The IPv6 address and port, if it offers one.</param>
/// <param name="ConnectionId">The connection ID to use there: its sequence number is 1.</param>
/// <param name="StatelessResetToken">The 16-byte token that goes with the connection ID.</param>
public sealed record PreferredAddress(IPEndPoint? IPv4, IPEndPoint? IPv6, ConnectionId ConnectionId, Bytes StatelessResetToken);

/// <summary>What a server's configuration says of its preferred address (RFC 9000 §9.6.1); each connection adds an ID of its own.</summary>
/// <param name="IPv4">The IPv4 address and port, if there is one.</param>
/// <param name="IPv6">The IPv6 address and port, if there is one.</param>
public sealed record PreferredAddressOffer(IPEndPoint? IPv4, IPEndPoint? IPv6)
{
    /// <summary>Whether there is an address, and each is of its family and has a port.</summary>
    internal bool IsWellFormed =>
        (IPv4 ?? IPv6) is not null && Fits(IPv4, AddressFamily.InterNetwork) && Fits(IPv6, AddressFamily.InterNetworkV6);

    private static bool Fits(IPEndPoint? address, AddressFamily family) =>
        address is null || (address.AddressFamily == family && address.Port != 0);
}
