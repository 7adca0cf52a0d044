using System.Net;

namespace CoQuic.Engine;

/// <summary>The preferred_address transport parameter (RFC 9000 §18.2): where a server would rather be reached.</summary>
/// <param name="IPv4">The IPv4 address and port, if it offers one.</param>
/// <param name="IPv6">The IPv6 address and port, if it offers one.</param>
/// <param name="ConnectionId">The connection ID to use there: its sequence number is 1.</param>
/// <param name="StatelessResetToken">The 16-byte token that goes with the connection ID.</param>
public sealed record PreferredAddress(IPEndPoint? IPv4, IPEndPoint? IPv6, ConnectionId ConnectionId, Bytes StatelessResetToken);
