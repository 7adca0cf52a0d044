namespace CoQuic.Engine;

/// <summary>Which side of the handshake an endpoint takes.</summary>
public enum Role : byte
{
    /// <summary>Opens connections.</summary>
    Client,

    /// <summary>Accepts connections.</summary>
    Server,
}

internal static class Roles
{
    public static Role Opposite(this Role role) => role == Role.Client ? Role.Server : Role.Client;
}
