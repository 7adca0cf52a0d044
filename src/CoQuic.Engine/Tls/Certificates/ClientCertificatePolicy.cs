namespace CoQuic.Engine;

/// <summary>Whether a server asks for a client's certificate (RFC 8446 §4.3.2).</summary>
public enum ClientCertificatePolicy : byte
{
    /// <summary>It does not ask.</summary>
    None,

    /// <summary>It asks, and takes a client that shows none.</summary>
    Request,

    /// <summary>It asks, and refuses a client that shows none with certificate_required.</summary>
    Require,
}
