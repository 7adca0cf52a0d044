namespace CoQuic.Abi;

/// <summary>
/// The CoQUIC C ABI as C# sees it. The structs of this folder are the C structs of <c>native/include/coquic/ffi/core.h</c>, field by
/// field: the C name is the C# name in lower case with underscores, and <c>_t</c> behind a struct's. The native library and the
/// native driver compile the same files.
/// </summary>
internal static class CoquicAbi
{
    /// <summary><c>COQUIC_FFI_ABI_VERSION</c>. A caller compares for equality.</summary>
    public const uint Version = 12;
}

/// <summary>The tag of <see cref="CoquicConnectionInput"/>.</summary>
internal enum CoquicConnectionInputKind : byte
{
    SendStream,
    SendDatagram,
    ResetStream,
    StopSending,
    Close,
    RequestKeyUpdate,
    RequestMigration,
}
