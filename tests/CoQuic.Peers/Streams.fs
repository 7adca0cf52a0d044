/// What clients and servers of files have in common.
module CoQuic.Peers.Streams

open System
open System.Threading
open System.Threading.Tasks
open CoQuic.Runtime

/// How files are exchanged in an application protocol: in HTTP/3, or else in HTTP/0.9, whatever its name.
let dialectOf (protocol: string) : Dialect =
    if protocol = H3.protocol then H3.dialect else Hq.dialect

/// Opens the control stream where there has to be one. It stays open as long as the connection.
let openControl (dialect: Dialect) (connection: QuicConnection) : Task =
    task {
        if dialect.Control.Length > 0 then
            let! stream = connection.OpenOutboundStreamAsync QuicStreamType.Unidirectional
            do! stream.WriteAsync(ReadOnlyMemory dialect.Control, CancellationToken.None)
    }
