namespace CoQuic.FSharp

open System
open CoQuic

/// Why an operation was refused. A refused operation changes nothing.
type LocalErrorCode = Engine.LocalErrorCode

/// Transport error codes (RFC 9000 §20.1).
type TransportErrorCode = Engine.TransportErrorCode

/// Who or what ended a connection.
type CloseOrigin = Engine.CloseOrigin

/// A well-formed operation that the protocol forbids now. Nothing has changed.
[<StructuredFormatDisplay("{Display}")>]
type LocalError =
    {
        /// The connection addressed; none for a refused open.
        Connection: ConnectionHandle option
        /// What stands in the way.
        Code: LocalErrorCode
        /// The stream addressed, for stream operations.
        Stream: StreamId option
    }

    member private this.Display =
        let about =
            [ this.Connection |> Option.map string; this.Stream |> Option.map string ]
            |> List.choose id

        String.Join(" ", [ "LocalError"; string this.Code ] @ about)

    override this.ToString() = this.Display

/// The error code that a connection ended with (RFC 9000 §19.19).
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type CloseCode =
    /// The application protocol's code (RFC 9000 §20.2).
    | Application of code: uint64
    /// The transport's code, and the type of the frame at fault, 0 when it is unknown.
    | Transport of code: TransportErrorCode * frameType: uint64

    member private this.Display =
        match this with
        | Application code -> $"application error {code}"
        | Transport(code, 0UL) -> $"transport error {code}"
        | Transport(code, frameType) -> $"transport error {code} in frame 0x%02x{frameType}"

    override this.ToString() = this.Display

/// How a connection ended (RFC 9000 §10).
[<StructuredFormatDisplay("{Display}")>]
type CloseReason =
    {
        /// Who or what ended it.
        Origin: CloseOrigin
        /// The error code; transport error 0 (NO_ERROR) where the origin carries none.
        Code: CloseCode
        /// A sentence for people; from the peer it came as it is, and is not to be trusted.
        Reason: string
    }

    member private this.Display =
        let reason =
            match this.Reason with
            | "" -> ""
            | text when text.Length <= 60 -> $", \"{text}\""
            | text -> $", \"{text.Substring(0, 60)}…\""

        $"{this.Origin}, {this.Code}{reason}"

    override this.ToString() = this.Display

/// Why a connection could not even begin to open.
[<RequireQualifiedAccess>]
type OpenError =
    /// The host name has no address.
    | HostNotFound of host: string
    /// The host could not make a route to the address: no network, no free port.
    | NoRoute of reason: string
    /// The endpoint refused: it is a server, or the request does not fit its configuration.
    | Declined of code: LocalErrorCode

/// One reason why a configuration cannot work: the setting, and what it has to be.
type ConfigurationFault = Engine.ConfigurationFault

/// Why there is no endpoint.
[<RequireQualifiedAccess>]
type EndpointError =
    /// The configuration cannot work, for these reasons.
    | Configuration of faults: ConfigurationFault list
    /// The engine asked for cannot be had, or cannot do what is configured.
    | EngineUnavailable of reason: string

    override this.ToString() =
        match this with
        | Configuration faults -> String.Join("; ", faults)
        | EngineUnavailable reason -> reason
