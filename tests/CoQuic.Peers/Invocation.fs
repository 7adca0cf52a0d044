namespace CoQuic.Peers

open System
open System.Net
open CoQuic.FSharp

/// What both sides have.
type Common =
    {
        Host: string
        Port: int
        Alpn: string
        /// Most preferred first. A client begins in the last: as many servers as can be know it (RFC 9368 §2.4).
        Versions: QuicVersion list
        /// Most preferred first; none takes the defaults.
        CipherSuites: CipherSuite list
        CongestionControl: CongestionControl
        /// How long a handshake may take.
        HandshakeTimeout: TimeSpan
        KeyLog: string option
        Qlog: string option
        /// Early data: asked in, or taken.
        ZeroRtt: bool
    }

[<RequireQualifiedAccess>]
module Common =

    /// An endpoint at the usual port of this machine, in version 1.
    let defaults: Common =
        { Host = "127.0.0.1"
          Port = 4433
          Alpn = "hq-interop"
          Versions = [ QuicVersion.V1 ]
          CipherSuites = []
          CongestionControl = TransportConfig.defaults.CongestionControl
          HandshakeTimeout = TransportConfig.defaults.HandshakeTimeout
          KeyLog = None
          Qlog = None
          ZeroRtt = false }

/// What a server does for its clients.
type Service =
    /// Gives the files of a directory.
    | Files of directory: string
    /// Answers DATAGRAM frames.
    | Datagrams

/// What a server is asked for.
type ServeOptions =
    {
        Common: Common
        Service: Service
        /// The files of a certificate chain and of its private key.
        Certificate: (string * string) option
        Retry: bool
        /// Where clients should go on (RFC 9000 §9.6), at most one address of each family.
        PreferredAddresses: IPEndPoint list
    }

[<RequireQualifiedAccess>]
module ServeOptions =

    /// A server with a certificate of its own.
    let create (common: Common) (service: Service) : ServeOptions =
        { Common = common
          Service = service
          Certificate = None
          Retry = false
          PreferredAddresses = [] }

/// What a client does once the first bytes of a file are there.
type Disturbance =
    /// Updates its keys (RFC 9001 §6).
    | KeyUpdate
    /// Appears at another port, as behind a NAT that forgot it (RFC 9000 §9.3.3).
    | Rebinding
    /// Goes on from another port by itself (RFC 9000 §9.2).
    | Migration

/// What a client is asked for.
type FetchOptions =
    {
        Common: Common
        /// Where files are kept.
        Directory: string
        Paths: string list
        /// Whether the first file is fetched alone, and the others over a second connection with the token of the first.
        ReuseToken: bool
        /// The file of the session.
        Resume: string option
        Disturbances: Disturbance list
        /// Whether the first flight is of a version that no server knows (RFC 9000 §6.3).
        ProbesVersions: bool
    }

[<RequireQualifiedAccess>]
module FetchOptions =

    /// One undisturbed connection.
    let create (common: Common) (directory: string) (paths: string list) : FetchOptions =
        { Common = common
          Directory = directory
          Paths = paths
          ReuseToken = false
          Resume = None
          Disturbances = []
          ProbesVersions = false }

/// What a relay is asked for: a bad link and a NAT between clients and a server.
type RelayOptions =
    {
        /// The port of this machine at which it takes clients.
        Port: int
        Server: IPEndPoint
        Link: LinkConditions
        /// The file for what passes between it and the clients.
        Capture: string option
    }

/// One thing that the program can do.
type Invocation =
    | Serve of ServeOptions
    | Fetch of FetchOptions
    /// Send DATAGRAM frames until one is answered.
    | Ask of Common
    | Relay of RelayOptions
    | Help of usage: string
