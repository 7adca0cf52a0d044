using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace CoQuic.Engine;

/// <summary>
/// The paths of one connection (RFC 9000 §9). One of them is the current one, on which everything goes that is no probe; the others are
/// being validated, or were left and may be returned to.
/// </summary>
internal sealed class PathSet
{
    /// <summary>Paths that are remembered at the same time, whatever addresses a peer's packets come from.</summary>
    public const int MaximumPaths = 4;

    private readonly List<Path> _all;

    public PathSet(Path first)
    {
        _all = [first];
        Current = first;
    }

    /// <summary>The path that packets with other than probing frames are sent on (RFC 9000 §9.1).</summary>
    public Path Current { get; private set; }

    /// <summary>The path to become the current one once it is validated; none when no move is under way.</summary>
    public Path? Successor { get; private set; }

    /// <summary>All of them, the oldest first. A view: valid until one is added or removed.</summary>
    public ReadOnlySpan<Path> All => CollectionsMarshal.AsSpan(_all);

    /// <summary>The path of a route, if it is known.</summary>
    public Path? Find(RouteHandle? route)
    {
        foreach (Path path in _all)
        {
            if (path.Route == route)
                return path;
        }

        return null;
    }

    /// <summary>The path that packets with this number were sent on (<see cref="SentPacket.PathId"/>), if it is still known.</summary>
    public Path? Find(uint recoveryId)
    {
        foreach (Path path in _all)
        {
            if (path.Recovery.Id == recoveryId)
                return path;
        }

        return null;
    }

    /// <summary>Adds a path.</summary>
    /// <param name="path">The new path.</param>
    /// <returns>The path that has to go for it, if the set was full.</returns>
    public Path? Add(Path path)
    {
        Path? evicted = _all.Count < MaximumPaths ? null : Expendable();
        if (evicted is not null)
            Remove(evicted);
        _all.Add(path);
        return evicted;
    }

    /// <summary>Names the path to move to once it is validated, or none.</summary>
    public void Choose(Path? successor)
    {
        Successor = successor;
        successor?.KeepUntil = null;
    }

    /// <summary>Makes a path the current one.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="path">One of the set.</param>
    /// <param name="memory">For how long the path so far is remembered.</param>
    public void MoveTo(TimeUs now, Path path, TimeSpan memory)
    {
        Current.LeftAt = now;
        Current.KeepUntil = now + memory;
        path.KeepUntil = null;
        Current = path;
        if (Successor == path)
            Successor = null;
    }

    /// <summary>Forgets a path that is not the current one.</summary>
    public void Remove(Path path)
    {
        _all.Remove(path);
        if (Successor == path)
            Successor = null;
    }

    /// <summary>The path to return to when the current one fails: the validated one that was left last (RFC 9000 §9.3.2).</summary>
    public Path? LastValidated()
    {
        Path? found = null;
        foreach (Path path in _all)
        {
            if (path != Current && path.IsValidated && (found is null || path.LeftAt > found.LeftAt))
                found = path;
        }

        return found;
    }

    /// <summary>A path whose time is over: it was left, and the current one is known to work.</summary>
    public Path? Expired(TimeUs now)
    {
        if (!Current.IsValidated)
            return null;
        foreach (Path path in _all)
        {
            if (path.KeepUntil <= now && path != Successor)
                return path;
        }

        return null;
    }

    /// <summary>Whether another path counts its packets in the same place.</summary>
    public bool Shares(PathRecovery recovery)
    {
        foreach (Path path in _all)
        {
            if (path.Recovery == recovery)
                return true;
        }

        return false;
    }

    /// <summary>Whether packets of any path are sent to a connection ID.</summary>
    public bool Uses(RemoteConnectionId remoteId)
    {
        foreach (Path path in _all)
        {
            if (path.RemoteId.SequenceNumber == remoteId.SequenceNumber)
                return true;
        }

        return false;
    }

    /// <summary>The oldest path that nobody waits for; there is one, since three at most are waited for.</summary>
    private Path Expendable()
    {
        Path? fallback = LastValidated();
        foreach (Path path in _all)
        {
            if (path != Current && path != Successor && path != fallback)
                return path;
        }

        return _all[0];
    }
}
