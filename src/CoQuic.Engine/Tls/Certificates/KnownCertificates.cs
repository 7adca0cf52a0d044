using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>
/// The certificates that an endpoint's peers showed lately, read: whoever connects to one server again and again reads its certificate
/// once. That a certificate is known says nothing about trust: each handshake is judged for itself.
/// </summary>
internal sealed class KnownCertificates : IDisposable
{
    /// <summary>Certificates that are kept; each has a few kilobytes, and the native library's share.</summary>
    public const int Capacity = 8;

    /// <summary>A longer one is read each time: nobody can make an endpoint keep much.</summary>
    public const int LongestKept = 8 * 1024;

    // The one that was used last is the last.
    private readonly List<PeerCertificate> _known = [];

    /// <summary>How many are kept.</summary>
    public int Count => _known.Count;

    /// <summary>Finds or reads a certificate. It belongs to this table when that keeps it, and is good until the next call.</summary>
    public bool TryGet(
        Bytes der,
        [NotNullWhen(true)] out PeerCertificate? certificate,
        [NotNullWhen(false)] out TransportError? error)
    {
        int index = _known.FindIndex(known => known.Is(der));
        if (index >= 0)
        {
            certificate = _known[index];
            _known.RemoveAt(index);
            _known.Add(certificate);
            error = null;
            return true;
        }

        if (!PeerCertificate.TryLoad(der, out certificate, out error))
            return false;
        if (der.Length <= LongestKept)
            Keep(certificate);
        return true;
    }

    public void Dispose()
    {
        foreach (PeerCertificate certificate in _known)
            certificate.Dispose();
        _known.Clear();
    }

    private void Keep(PeerCertificate certificate)
    {
        if (_known.Count == Capacity)
        {
            _known[0].Dispose();
            _known.RemoveAt(0);
        }

        _known.Add(certificate);
    }
}
