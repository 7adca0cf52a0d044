// Echo over QUIC on loopback. Once: dotnet fsi build.fsx build. Then: dotnet fsi examples/01-echo.fsx
#load "../artifacts/CoQuic.fsx"

open System.IO
open System.Net
open CoQuic.FSharp
open CoQuic.Runtime

let ok result =
    result |> Result.defaultWith (fun (error: RuntimeError) -> failwith $"{error}")

let here = IPEndPoint(IPAddress.Loopback, 0)

let server =
    QuicServer.start (ServerOptions.create here "echo" (Identities.development []))
    |> ok

let serve =
    task {
        let! connection = server.AcceptConnectionAsync()
        let! stream = connection.AcceptInboundStreamAsync()
        do! stream.CopyToAsync stream
        stream.CompleteWrites()
    }

let ask (text: string) =
    task {
        let options = ClientOptions.create "localhost" server.LocalEndPoint.Port "echo"
        let trusting = EndpointConfig.withoutVerification options.Runtime.Endpoint

        let! connected =
            QuicClient.connect
                { options with
                    Runtime.Endpoint = trusting }

        let! stream = (ok connected).OpenOutboundStreamAsync QuicStreamType.Bidirectional
        do! stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes text)
        stream.CompleteWrites()
        return! (new StreamReader(stream)).ReadToEndAsync()
    }

printfn $"""{(ask "Hello, QUIC!").Result}"""
(server.DisposeAsync().AsTask()).Wait()
