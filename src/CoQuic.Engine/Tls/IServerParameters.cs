namespace CoQuic.Engine;

/// <summary>
/// Takes a client's transport parameters and gives the server's, which may depend on them: the version that is chosen does (RFC 9368
/// §2.3). It is asked once, before the server has said anything.
/// </summary>
internal interface IServerParameters
{
    /// <summary>Takes the client's quic_transport_parameters.</summary>
    /// <param name="client">The client's, encoded.</param>
    /// <param name="server">The server's, encoded.</param>
    /// <returns>The error that closes the connection, or none.</returns>
    TransportError? Answer(Bytes client, out Bytes server);

    /// <summary>How sessions of the version that was chosen are resumed; none when they are not. Asked after the parameters.</summary>
    ServerResumption? Resumption { get; }
}
