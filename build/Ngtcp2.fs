/// ngtcp2's client and server, from Debian's packages.
module CoQuic.Build.Ngtcp2

open System.IO

type Ngtcp2 =
    {
        Server: string
        Client: string
        /// What they need in their environment.
        Environment: (string * string) list
    }

/// The programs, or why this machine cannot have them.
let prepare () : Result<Ngtcp2, string> =
    Debian.keepPackages "ngtcp2" [ "ngtcp2-client"; "ngtcp2-server" ]
    |> Result.map (fun root ->
        { Server = Path.Combine(root, "usr/sbin/gtlsserver")
          Client = Path.Combine(root, "usr/bin/gtlsclient")
          Environment = [ Debian.librariesOf root ] })
