namespace CoQuic.FSharp

/// Configurations as JSON: for files, and for whoever wants to see what is set. What is behind an interface (verifiers, server
/// identities, connection-ID schemes) is no data and is left out.
[<RequireQualifiedAccess>]
module Configuration =

    /// Reads a configuration, which needs to name only what differs from `basis`. All faults are named at once: fields that
    /// nobody knows, values of the wrong kind, and settings that cannot work.
    val read: basis: EndpointConfig -> json: string -> Result<EndpointConfig, JsonFault list>

    /// All settings of a configuration, a field a line. The keys in it are secret.
    val write: config: EndpointConfig -> string
