/// Handshake messages taken apart and put together by hand, to be what no honest peer sends.
module CoQuic.Engine.Tests.Tls.Messages

open System
open System.Buffers.Binary
open CoQuic.Engine
open CoQuic.Engine.Tests.Tls.Pair

/// A message from its type and body.
let message (kind: HandshakeType) (body: byte array) =
    HandshakeMessage.Encode(kind, ReadOnlySpan body)

let kindOf (message: byte array) : HandshakeType =
    LanguagePrimitives.EnumOfValue message[0]

let bodyOf (message: byte array) = message[4..]

/// A number in two bytes.
let word16 (value: int) = [| byte (value >>> 8); byte value |]

/// Bytes behind their length in one byte, two bytes, three bytes.
let vector8 (data: byte array) =
    Array.append [| byte data.Length |] data

let vector16 (data: byte array) = Array.append (word16 data.Length) data

let vector24 (data: byte array) =
    Array.concat [ [| byte (data.Length >>> 16) |]; word16 data.Length; data ]

let private read16 (data: byte array) offset =
    int (BinaryPrimitives.ReadUInt16BigEndian(ReadOnlySpan(data, offset, 2)))

/// Where the vector of extensions begins in a body.
let private extensionsOffset kind (body: byte array) =
    match kind with
    | HandshakeType.ClientHello ->
        // legacy_version, random, legacy_session_id, cipher_suites, legacy_compression_methods
        let suites = 35 + int body[34]
        let compression = suites + 2 + read16 body suites
        compression + 1 + int body[compression]
    | HandshakeType.ServerHello -> 38
    | HandshakeType.CertificateRequest -> 1
    | _ -> 0

let rec private parse (data: byte array) =
    match data with
    | [||] -> []
    | _ ->
        let size = read16 data 2
        (read16 data 0, data[4 .. 3 + size]) :: parse data[4 + size ..]

/// The extensions of a message: type and content.
let extensionsOf (message: byte array) =
    let body = bodyOf message
    parse body[extensionsOffset (kindOf message) body + 2 ..]

let encodeExtensions extensions =
    [ for (kind: int), data in extensions -> Array.append (word16 kind) (vector16 data) ]
    |> Array.concat
    |> vector16

/// The message with its extensions changed.
let mapExtensions change (original: byte array) =
    let kind, body = kindOf original, bodyOf original
    let fixedPart = body[.. extensionsOffset kind body - 1]
    message kind (Array.append fixedPart (encodeExtensions (change (extensionsOf original))))

let without (kind: ExtensionType) extensions =
    extensions |> List.filter (fun (other, _) -> other <> int kind)

let replacing (kind: ExtensionType) data extensions =
    extensions
    |> List.map (fun (other, old) -> other, (if other = int kind then data else old))

let adding (kind: int) data extensions = extensions @ [ kind, data ]

/// A byte of the array changed.
let set index value (data: byte array) =
    let copy = Array.copy data
    copy[index] <- value
    copy

/// The wire on which each message of a kind from a sender is changed.
let editing sender kind (change: byte array -> byte array) : Wire =
    fun from _ data ->
        [ messages data
          |> List.map (fun each ->
              if from = sender && kindOf each = kind then
                  change each
              else
                  each)
          |> Array.concat ]

/// A run in which each message of a kind from a sender is changed.
let runEditing sender kind change =
    runOver (editing sender kind change) (clientSession client) (serverSession server)
