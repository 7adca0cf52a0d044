namespace CoQuic.FSharp

/// Early data settings of an endpoint or a connection.
type ZeroRttConfig =
    {
        /// Client: send early data when a resumption state permits it.
        Attempt: bool
        /// Server: accept early data.
        Allow: bool
        /// Whether a server's changed transport parameters refuse early data.
        StrictUpdatedTransportParameters: bool
        /// Bytes that both the ticket and the new connection must carry for early data.
        ApplicationContext: Bytes
    }

/// Early data settings.
module ZeroRttConfig =

    /// No early data.
    let disabled: ZeroRttConfig =
        { Attempt = false
          Allow = false
          StrictUpdatedTransportParameters = false
          ApplicationContext = Bytes.empty }
