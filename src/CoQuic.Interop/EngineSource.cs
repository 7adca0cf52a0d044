using System;

namespace CoQuic.Interop;

/// <summary>Where the engine comes from.</summary>
public enum EngineSource
{
    /// <summary>CoQuic.Engine, in this process: nothing to install.</summary>
    Embedded,

    /// <summary>A shared library with the CoQUIC C ABI.</summary>
    Native,
}

/// <summary>Chooses the engine where the caller does not.</summary>
public static class EngineSources
{
    /// <summary>The environment variable that chooses: <c>embedded</c> or <c>native</c>.</summary>
    public const string EnvironmentVariable = "COQUIC_ENGINE";

    /// <summary>What the environment chooses; <see cref="EngineSource.Embedded"/> when it is silent.</summary>
    /// <exception cref="EngineUnavailableException">The variable holds neither name.</exception>
    public static EngineSource FromEnvironment() => Parse(Environment.GetEnvironmentVariable(EnvironmentVariable));

    /// <summary>What an engine can do beyond the C ABI.</summary>
    /// <param name="source">The engine.</param>
    public static Capabilities CapabilitiesOf(EngineSource source) =>
        source == EngineSource.Native ? NativeDriver.Available : EmbeddedDriver.Everything;

    internal static EngineSource Parse(string? value) => value switch
    {
        null or "" or "embedded" => EngineSource.Embedded,
        "native" => EngineSource.Native,
        _ => throw new EngineUnavailableException($"{EnvironmentVariable} must be 'embedded' or 'native', not '{value}'."),
    };
}

/// <summary>The engine asked for is not to be had.</summary>
public sealed class EngineUnavailableException : Exception
{
    /// <summary>Says why.</summary>
    /// <param name="message">A sentence for people.</param>
    public EngineUnavailableException(string message)
        : base(message)
    {
    }
}
