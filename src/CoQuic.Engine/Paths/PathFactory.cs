using System;

namespace CoQuic.Engine;

/// <summary>Makes the paths of one connection: each begins with nothing known about it (RFC 9000 §9.4).</summary>
/// <param name="config">The endpoint's configuration.</param>
internal sealed class PathFactory(EndpointConfig config)
{
    private uint _nextId;

    /// <summary>The peer's max_udp_payload_size (RFC 9000 §18.2), once it is known.</summary>
    public ulong PeerLimit { get; set; } = ulong.MaxValue;

    /// <summary>Makes a path.</summary>
    /// <param name="route">The caller's name for the pair of addresses.</param>
    /// <param name="peerIdentity">What the host calls the peer's address; may be empty.</param>
    /// <param name="remoteId">The connection ID that packets are sent to.</param>
    /// <param name="isAddressValidated">Whether the peer is known to be there.</param>
    public Path Create(RouteHandle? route, Bytes peerIdentity, RemoteConnectionId remoteId, bool isAddressValidated)
    {
        MtuDiscovery mtu = NewMtuDiscovery(peerIdentity);
        return new Path
        {
            Route = route,
            PeerIdentity = peerIdentity,
            RemoteId = remoteId,
            Recovery = PathRecovery.Create(_nextId++, config, new RttEstimator(), mtu.MaximumDatagramSize),
            Mtu = mtu,
            Ecn = new EcnValidator(config.Transport.EcnPolicy),
            Spin = NewSpinBit(),
            Amplification = new AntiAmplification(isAddressValidated),
        };
    }

    /// <summary>What a path may carry: the smallest of what the configuration, the peer and the address family allow.</summary>
    private MtuDiscovery NewMtuDiscovery(Bytes peerIdentity)
    {
        TransportConfig transport = config.Transport;
        if (!transport.PmtudEnabled)
            return new MtuDiscovery(DatagramSizes.Smallest, DatagramSizes.Smallest);
        int wanted = transport.PmtudMaxDatagramSize > 0
            ? transport.PmtudMaxDatagramSize
            : PeerAddress.DefaultCeiling(peerIdentity);
        int ceiling = Math.Max(DatagramSizes.Smallest, Math.Min(config.MaxOutboundDatagramSize, wanted));
        var discovery = new MtuDiscovery(Math.Clamp(transport.PmtudBaseDatagramSize, DatagramSizes.Smallest, ceiling), ceiling);
        discovery.OnPeerLimit(PeerLimit);
        return discovery;
    }

    private SpinBit NewSpinBit()
    {
        Span<byte> draw = stackalloc byte[1];
        config.Entropy.Fill(draw);
        return new SpinBit(config.Role, config.Transport.EnableLatencySpinBit, draw[0]);
    }
}
