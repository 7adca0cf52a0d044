namespace CoQuic.Peers

open System
open System.IO
open System.Threading.Tasks

/// How files are asked for and given on streams, in one application protocol.
[<NoEquality; NoComparison>]
type Dialect =
    {
        /// What a unidirectional stream of each side says from the start; empty where there is none.
        Control: byte array
        /// A request to a host for a path.
        Request: string -> string -> byte array
        /// Whether a request is complete before the end of its stream.
        IsWhole: ReadOnlyMemory<byte> -> bool
        /// The path that a request asks for; none when it is no request.
        TryPath: ReadOnlyMemory<byte> -> string option
        /// What precedes a file of so many bytes.
        Head: int64 -> byte array
        /// Hands on the file in an answer, piece by piece.
        Copy: Stream -> (ReadOnlyMemory<byte> -> Task) -> Task
    }

[<RequireQualifiedAccess>]
module Dialect =

    let private pieceLength = 64 * 1024

    /// Hands on so many bytes, or all there are.
    let copy (stream: Stream) (length: int64) (take: ReadOnlyMemory<byte> -> Task) : Task =
        task {
            let piece = Array.zeroCreate<byte>(int (min length (int64 pieceLength)))
            let mutable left = length

            while left > 0L do
                let! count = stream.ReadAsync(Memory(piece, 0, int (min left (int64 piece.Length))))

                if count > 0 then
                    do! take (ReadOnlyMemory(piece, 0, count))
                    left <- left - int64 count
                else
                    left <- 0L
        }
