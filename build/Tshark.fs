/// An independent decoder, tshark of Debian's packages, reads what our endpoints said to each other with our key log.
module CoQuic.Build.Tshark

open System
open System.IO
open CoQuic.Build.PeerCase
open CoQuic.Build.Shell

type Tshark =
    { Program: string
      Environment: (string * string) list }

/// The program, or why this machine cannot have it.
let prepare () : Result<Tshark, string> =
    Debian.keepPackages "tshark" [ "tshark" ]
    |> Result.map (fun root ->
        { Program = Path.Combine(root, "usr/bin/tshark")
          Environment = [ Debian.librariesOf root; "HOME", Path.GetTempPath() ] })

let private patience = TimeSpan.FromSeconds 120.0
let private columns = [ "quic.version"; "quic.frame_type"; "quic.key_phase" ]

/// RFC 9000 §19.20: only whoever can decrypt sees it.
let private handshakeDone = "30"

/// The columns of every QUIC packet, as far as the keys in a file decrypt them.
let private decode (tshark: Tshark) (setting: Setting) (keys: string) =
    let arguments =
        [ "-r"; setting.Inside "pcap"; "-d"; $"udp.port=={setting.Target},quic" ]
        @ [ "-o"; $"tls.keylog_file:{keys}"; "-Y"; "quic"; "-T"; "fields" ]
        @ List.collect (fun column -> [ "-e"; column ]) columns

    match runQuiet tshark.Environment patience tshark.Program arguments with
    | Some 0, lines -> Ok lines
    | status, lines -> Error $"tshark ended with {status}: {List.tryHead lines}"

let private hasValue column value (line: string) =
    match Array.tryItem column (line.Split '\t') with
    | Some values -> Array.contains value (values.Split ',')
    | None -> false

/// What is not to be seen in a capture, or none.
let private look tshark (version: string) (setting: Setting) =
    let empty = setting.Inside "no-keys"
    File.WriteAllText(empty, "")

    match decode tshark setting (setting.Inside "keys"), decode tshark setting empty with
    | Error reason, _
    | _, Error reason -> Some reason
    | Ok lines, Ok blind ->
        let sees column value =
            List.exists (hasValue column value) lines

        if not (sees 0 version) then
            Some $"tshark sees no packet of version {version}: {List.truncate 3 lines}"
        elif not (sees 1 handshakeDone) then
            Some "tshark decrypts no HANDSHAKE_DONE frame."
        elif not (sees 2 "1") then
            Some "tshark sees no packet of the second key phase."
        elif List.exists (hasValue 1 handshakeDone) blind then
            Some "tshark sees a HANDSHAKE_DONE frame even without keys: the check is worth nothing."
        else
            None

/// A transfer with a key update in each version, captured and decoded.
let cases tshark : Case list =
    [ for name, version in [ "v1", "0x00000001"; "v2", "0x6b3343cf" ] ->
          { Peer = "tshark"
            Name = $"our client, our server: {name} with a key update, decrypted by tshark"
            Server = ourServer [ "--versions"; name ]
            Clients = [ ourClient [ "--versions"; name; "--key-update" ] [ PeerSite.large ] ]
            Link = [ "--pcap"; "PCAP" ]
            Paths = [ PeerSite.large ]
            Says = []
            Look = look tshark version } ]
