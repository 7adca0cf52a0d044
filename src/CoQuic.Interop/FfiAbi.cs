namespace CoQuic.Interop;

/// <summary>The version of the C ABI.</summary>
public static class FfiAbi
{
    /// <summary>The version that this package speaks.</summary>
    public const uint Version = Abi.CoquicAbi.Version;

    /// <summary>Refuses a library that speaks another version.</summary>
    /// <param name="actual">The version number that the library tells.</param>
    /// <exception cref="EngineUnavailableException">It is another one; the message names both.</exception>
    public static void CheckVersion(uint actual)
    {
        if (actual != Version)
            throw new EngineUnavailableException($"The native library speaks CoQUIC ABI version {actual}, not {Version}.");
    }
}
