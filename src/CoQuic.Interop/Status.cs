using System;

namespace CoQuic.Interop;

/// <summary>Whether a call of the C ABI was well formed. What the protocol forbids is a local error instead.</summary>
public enum Status : byte
{
    /// <summary>It was.</summary>
    Ok,

    /// <summary>An argument was null, too small or unknown.</summary>
    InvalidArgument,

    /// <summary>There was no memory.</summary>
    OutOfMemory,

    /// <summary>Something else went wrong inside the library.</summary>
    InternalError,
}

/// <summary>What statuses say in words.</summary>
public static class StatusText
{
    /// <summary>For example <c>invalid argument</c>.</summary>
    /// <param name="status">The status.</param>
    public static string Describe(this Status status) => status switch
    {
        Status.Ok => "ok",
        Status.InvalidArgument => "invalid argument",
        Status.OutOfMemory => "out of memory",
        Status.InternalError => "internal error",
        _ => $"unknown status {(byte)status}",
    };
}

/// <summary>A native library answered a call with a status other than <see cref="Status.Ok"/>.</summary>
public sealed class StatusException : Exception
{
    /// <summary>Carries a status.</summary>
    /// <param name="status">The status.</param>
    public StatusException(Status status)
        : base(status.Describe()) => Status = status;

    /// <summary>The status.</summary>
    public Status Status { get; }
}
