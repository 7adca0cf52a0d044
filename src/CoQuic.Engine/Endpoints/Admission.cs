namespace CoQuic.Engine;

/// <summary>What a server does with a client's first Initial.</summary>
internal enum Admission : byte
{
    /// <summary>A connection begins.</summary>
    Accept,

    /// <summary>The client has to show that it is where it says (RFC 9000 §8.1.2).</summary>
    Retry,

    /// <summary>There is no room for another connection (RFC 9000 §5.2.2).</summary>
    Refuse,

    /// <summary>It brings a Retry token that is not good: INVALID_TOKEN (RFC 9000 §8.1.2).</summary>
    RefuseToken,

    /// <summary>Its ClientHello is not the one before the Retry, and the policy is to drop it (RFC 9000 §17.2.5.3).</summary>
    DropChangedHello,

    /// <summary>The same, and the policy is to close with an error.</summary>
    RefuseChangedHello,
}

/// <summary>How full a server is.</summary>
/// <param name="Connections">All that it holds.</param>
/// <param name="HalfOpen">Those whose handshake is not complete.</param>
internal readonly record struct ServerLoad(int Connections, int HalfOpen);

/// <summary>Decides about a client's first Initial: by the configuration, the token that it brings, and how full the server is.</summary>
internal static class Admissions
{
    public static Admission Decide(EndpointConfig config, in IncomingInitial initial, in JudgedToken token, ServerLoad load)
    {
        if (token.Standing == TokenStanding.InvalidRetry)
            return Admission.RefuseToken;
        if (IsReached(config.MaxServerConnections, load.Connections) || IsReached(config.MaxHalfOpenConnections, load.HalfOpen))
            return Admission.Refuse;
        if (token.Standing == TokenStanding.Retry)
            return CompareHello(config.RetryHandshakeValidationPolicy, initial, token.Retry.ClientHello);

        // Whoever has used a token of an earlier connection is validated by it (RFC 9000 §8.1.3).
        bool wantsRetry = config.RetryEnabled || IsReached(config.RetryThreshold, load.HalfOpen);
        return wantsRetry && token.Standing != TokenStanding.NewToken ? Admission.Retry : Admission.Accept;
    }

    /// <summary>Whether a limit is reached; 0 is none.</summary>
    private static bool IsReached(int limit, int count) => limit > 0 && count >= limit;

    private static Admission CompareHello(
        RetryHandshakeValidationPolicy policy, in IncomingInitial initial, ClientHelloDigest expected)
    {
        bool isCompared = policy != RetryHandshakeValidationPolicy.Disabled && expected.Length > 0;
        if (!isCompared || ClientHelloDigest.Of(initial.Payload, expected.Length) == expected)
            return Admission.Accept;
        return policy == RetryHandshakeValidationPolicy.Discard ? Admission.DropChangedHello : Admission.RefuseChangedHello;
    }
}
