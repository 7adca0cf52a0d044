using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;

namespace CoQuic.Interop;

/// <summary>
/// The native library: found once a process, when the first endpoint asks for it. <c>COQUIC_LIB_PATH</c> names the file;
/// <c>COQUIC_LIB_DIR</c> a folder and <c>COQUIC_LIB_NAME</c> a library in it; otherwise the system looks along its own path.
/// </summary>
internal static class NativeEngine
{
    public const string PathVariable = "COQUIC_LIB_PATH";
    public const string FolderVariable = "COQUIC_LIB_DIR";
    public const string NameVariable = "COQUIC_LIB_NAME";

    /// <summary>The libraries that have this ABI, ours first.</summary>
    private static readonly string[] KnownNames = ["coquic-managed", "coquic-quictls", "coquic-boringssl"];

    private static readonly Lock Gate = new();
    private static bool _isReady;

    /// <summary>Finds the library and compares versions.</summary>
    /// <exception cref="EngineUnavailableException">There is no library, or it speaks another version of the ABI.</exception>
    public static void Require()
    {
        lock (Gate)
        {
            if (_isReady)
                return;
            nint library = Load(Candidates(Environment.GetEnvironmentVariable));
            NativeLibrary.SetDllImportResolver(
                typeof(NativeMethods).Assembly,
                (name, _, _) => name == NativeMethods.Library ? library : 0);
            _isReady = true;
        }

        FfiAbi.CheckVersion(NativeMethods.AbiVersion());
    }

    /// <summary>What to try, in order.</summary>
    /// <param name="variable">The environment.</param>
    internal static IReadOnlyList<string> Candidates(Func<string, string?> variable)
    {
        if (variable(PathVariable) is { Length: > 0 } path)
            return [path];
        string? chosen = variable(NameVariable);
        string? folder = variable(FolderVariable);
        var candidates = new List<string>();
        foreach (string name in chosen is { Length: > 0 } ? [chosen] : KnownNames)
        {
            string file = FileName(name);
            candidates.Add(folder is { Length: > 0 } ? Path.Combine(folder, file) : file);
        }

        return candidates;
    }

    /// <summary>A library's name as its file is called: <c>coquic-quictls</c> and <c>libcoquic-quictls.so</c> mean the same.</summary>
    private static string FileName(string name)
    {
        string extension = OperatingSystem.IsWindows() ? ".dll" : OperatingSystem.IsMacOS() ? ".dylib" : ".so";
        string prefix = OperatingSystem.IsWindows() || name.StartsWith("lib", StringComparison.Ordinal) ? "" : "lib";
        return name.Contains(extension, StringComparison.Ordinal) ? name : prefix + name + extension;
    }

    private static nint Load(IReadOnlyList<string> candidates)
    {
        foreach (string candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out nint library))
                return library;
        }

        throw new EngineUnavailableException(
            $"No native CoQUIC library could be loaded; tried {string.Join(", ", candidates)}. "
            + $"{PathVariable} names one, or {FolderVariable} with {NameVariable}.");
    }
}
