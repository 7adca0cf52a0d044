namespace CoQuic.Engine;

/// <summary>
/// Authenticates the connection IDs of the handshake (RFC 9000 §7.3): whoever changed one on the way cannot have changed what the
/// peer says of it under TLS.
/// </summary>
internal static class PeerParameterCheck
{
    /// <param name="parameters">What the peer says.</param>
    /// <param name="setup">What the connection began with.</param>
    /// <param name="remoteId">The Source Connection ID of the peer's first packets.</param>
    /// <param name="retrySourceId">A client: the Source Connection ID of the Retry that it obeyed, if any.</param>
    public static TransportError? Authenticate(
        TransportParameters parameters, ConnectionSetup setup, ConnectionId remoteId, ConnectionId? retrySourceId)
    {
        if (parameters.InitialSourceConnectionId != remoteId)
            return Mismatch("initial_source_connection_id");
        if (setup.Config.Role == Role.Server)
            return null;
        if (parameters.OriginalDestinationConnectionId != setup.OriginalDestinationId)
            return Mismatch("original_destination_connection_id");
        return parameters.RetrySourceConnectionId == retrySourceId ? null : Mismatch("retry_source_connection_id");
    }

    private static TransportError Mismatch(string parameter) => new(
        TransportErrorCode.TransportParameterError, $"{parameter} is missing or is not what the packets said");
}
