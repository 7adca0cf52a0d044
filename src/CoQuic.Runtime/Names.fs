namespace CoQuic.Runtime

open System
open System.Net
open System.Net.Sockets
open System.Threading.Tasks
open CoQuic.FSharp

/// From host names to addresses that this machine can reach.
[<RequireQualifiedAccess>]
module internal Names =

    /// The addresses of a host; at least one.
    let lookUp (host: string) : Task<Result<IPAddress list, OpenError>> =
        match IPAddress.TryParse host with
        | true, NonNull address -> Task.FromResult(Ok [ address ])
        | _ ->
            task {
                try
                    let! found = Dns.GetHostAddressesAsync host

                    return
                        if found.Length = 0 then
                            Error(OpenError.HostNotFound host)
                        else
                            Ok(List.ofArray found)
                with
                | :? SocketException
                // A name that is too long to be one.
                | :? ArgumentException -> return Error(OpenError.HostNotFound host)
            }

    /// Whether the system has a route there. Connecting a UDP socket looks it up, and sends nothing.
    let private reach (endPoint: IPEndPoint) : SocketError =
        try
            use probe = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp)
            probe.Connect endPoint
            SocketError.Success
        with :? SocketException as error ->
            error.SocketErrorCode

    /// IPv4 first, as everything works there; otherwise in the resolver's order.
    let private preference (address: IPAddress) =
        if address.AddressFamily = AddressFamily.InterNetwork then
            0
        else
            1

    let private noRoute reason = Error(OpenError.NoRoute reason)

    let private firstReachable (endPoints: IPEndPoint list) : Result<IPEndPoint, OpenError> =
        let rec next failures endPoints =
            match endPoints with
            | [] -> noRoute (String.Join("; ", List.rev failures))
            | endPoint :: others ->
                match reach endPoint with
                | SocketError.Success -> Ok endPoint
                | error -> next ($"{endPoint}: {error}" :: failures) others

        next [] endPoints

    /// An IPv4 socket reaches IPv4 alone; an IPv6 socket both.
    let private choose family (remote: HostAddress) (candidates: IPAddress list) : Result<IPEndPoint, OpenError> =
        candidates
        |> List.filter (fun address -> family = AddressFamily.InterNetworkV6 || address.AddressFamily = family)
        |> List.sortBy preference
        |> List.map (fun address -> IPEndPoint(address, remote.Port))
        |> function
            | [] -> noRoute $"{remote.Host} has no address of the family {family}"
            | endPoints -> firstReachable endPoints

    /// An address of the host that a socket of this family can reach. A literal is used as it stands.
    let resolve (family: AddressFamily) (remote: HostAddress) : Task<Result<IPEndPoint, OpenError>> =
        if remote.Port < 1 || remote.Port > int UInt16.MaxValue then
            Task.FromResult(noRoute $"{remote.Port} is not a UDP port")
        else
            task {
                let! found = lookUp remote.Host
                return found |> Result.bind (choose family remote)
            }
