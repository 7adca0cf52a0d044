module CoQuic.Runtime.Tests.TokenStoreTests

open System
open System.Net
open System.Threading
open System.Threading.Tasks
open Expecto
open Microsoft.Extensions.Logging
open Microsoft.Extensions.Logging.Abstractions
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Runtime.Tests.ConnectionKit

let private scope name : TokenScope =
    { ServerName = name
      Port = 443
      Version = QuicVersion.V1 }

let private token (value: int) = Bytes.ofArray [| byte value |]

/// Why an attempt ends before anything is sent, and what makes it so.
let private refusals: (string * (RuntimeError -> bool) * (ClientOptions -> ClientOptions)) list =
    [ "nothing can be reached there", _.IsUnreachable, fun options -> { options with Request.Remote.Port = 0 }
      "its endpoint does not speak the version that it asks for",
      _.IsDeclined,
      fun options ->
          { options with
              Runtime.Endpoint.SupportedVersions = [ QuicVersion.V1 ]
              Request.InitialVersion = Some QuicVersion.V2 } ]

/// Cancels as soon as somebody asks for a logger: while the endpoint is made, before the connection is.
type private Canceller(cancellation: CancellationTokenSource) =
    interface ILoggerFactory with
        member _.AddProvider _ = ()

        member _.CreateLogger _ =
            cancellation.Cancel()
            NullLogger.Instance

        member _.Dispose() = ()

[<Tests>]
let tests =
    testList
        "token store (RFC 9000 §8.1.3)"
        [ testCase "the newest token is taken first, and each once"
          <| fun () ->
              let store = TokenStore()
              store.Add(scope "a", token 1)
              store.Add(scope "a", token 2)
              Expect.equal (store.Take(scope "a")) (token 2) "the newest"
              Expect.equal (store.Take(scope "a")) (token 1) "then the older"
              Expect.equal (store.Take(scope "a")) Bytes.empty "then none"

          testCase "a token is for its server, port and version"
          <| fun () ->
              let store = TokenStore()
              store.Add(scope "a", token 1)
              Expect.equal (store.Take(scope "b")) Bytes.empty "another server"
              Expect.equal (store.Take { scope "a" with Port = 444 }) Bytes.empty "another port"

              Expect.equal
                  (store.Take
                      { scope "a" with
                          Version = QuicVersion.V2 })
                  Bytes.empty
                  "another version"

              Expect.equal (store.Take(scope "a")) (token 1) "its own"

          testCase "no more tokens are kept than the bounds say, the oldest are forgotten"
          <| fun () ->
              let store = TokenStore()

              for value in 0 .. TokenStore.MaximumTokens do
                  store.Add(scope "a", token value)

              Expect.equal store.Count TokenStore.MaximumTokens "of a server"

              for server in 1 .. TokenStore.MaximumServers do
                  store.Add(scope $"server {server}", token 1)

              Expect.equal store.Count TokenStore.MaximumServers "of all servers"
              Expect.equal (store.Take(scope "a")) Bytes.empty "the first was forgotten"
              store.Clear()
              Expect.equal store.Count 0 "all can be"

          testCaseTask "a client keeps what a server gives, and brings it along the next time"
          <| fun () ->
              task {
                  let options = serverOptions IPAddress.Loopback

                  let demanding =
                      { options with
                          Runtime =
                              { options.Runtime with
                                  Endpoint =
                                      { options.Runtime.Endpoint with
                                          RetryEnabled = true
                                          NewTokensPerConnection = 2 } } }

                  use server = listen demanding
                  let store = TokenStore()

                  let client =
                      { clientOptions server with
                          Tokens = Some store }

                  let awaitTokens count =
                      task {
                          while store.Count < count do
                              do! Task.Delay 5
                      }
                      |> inTime

                  use! first = connect client
                  do! awaitTokens 2
                  use! second = connect client
                  // One was used, and two were given on the second connection.
                  do! awaitTokens 3
                  Expect.isNotNull (box (first, second)) "both are served"
              }

          for name, reason, change in refusals do
              testCaseTask $"a token is not used up by an attempt that does not get as far as its server: {name}"
              <| fun () ->
                  task {
                      let store = TokenStore()
                      let options = change (clientOptionsFor "127.0.0.1" 443)

                      let kept: TokenScope =
                          { ServerName = options.Request.ServerName
                            Port = options.Request.Remote.Port
                            Version = Option.defaultValue QuicVersion.V1 options.Request.InitialVersion }

                      store.Add(kept, token 1)
                      let! refused = inTime (QuicClient.connect { options with Tokens = Some store })
                      Expect.isTrue (reason (Expect.wantError refused "refused")) $"because of that: {refused}"
                      Expect.equal (store.Take kept) (token 1) "for the next attempt"
                  }

          testCaseTask "nor by one that is cancelled before it begins"
          <| fun () ->
              task {
                  let store = TokenStore()
                  store.Add(scope "127.0.0.1", token 1)
                  use cancellation = new CancellationTokenSource()
                  use loggers = new Canceller(cancellation)

                  let options =
                      { clientOptionsFor "127.0.0.1" 443 with
                          Tokens = Some store
                          Runtime.LoggerFactory = Some loggers }

                  let connecting = QuicClient.connectUntil cancellation.Token options
                  let! _ = failure<OperationCanceledException> connecting "it is cancelled"
                  Expect.equal store.Count 1 "the token is there still"
              }

          testCaseTask "what the caller brings along is not put into the store when the attempt is refused"
          <| fun () ->
              task {
                  let store = TokenStore()

                  let options =
                      { clientOptionsFor "127.0.0.1" 0 with
                          Tokens = Some store
                          Request.Token = token 2 }

                  let! refused = inTime (QuicClient.connect options)
                  Expect.isError refused "refused"
                  Expect.equal store.Count 0 "it is the caller's still"
              }

          testCaseTask "where a session goes on, the token is of its version (RFC 9369 §5)"
          <| fun () ->
              task {
                  let options = serverOptions IPAddress.Loopback

                  use server =
                      listen
                          { options with
                              Runtime.Endpoint.SupportedVersions = [ QuicVersion.V2; QuicVersion.V1 ]
                              Runtime.Endpoint.NewTokensPerConnection = 0 }

                  let speaking versions =
                      { clientOptions server with
                          Runtime.Endpoint.SupportedVersions = versions }

                  use! first = connect (speaking [ QuicVersion.V2 ])
                  let! state = inTime (QuicConnection.resumptionState first)
                  let store = TokenStore()

                  let kept version : TokenScope =
                      { ServerName = "127.0.0.1"
                        Port = server.LocalEndPoint.Port
                        Version = version }

                  store.Add(kept QuicVersion.V1, token 1)
                  store.Add(kept QuicVersion.V2, token 2)

                  let returning =
                      { speaking [ QuicVersion.V1; QuicVersion.V2 ] with
                          Tokens = Some store }

                  use! second =
                      connect (ClientOptions.resuming (Expect.wantOk state "a session") false returning)

                  Expect.isNotNull (box second) "it goes on"
                  Expect.equal (store.Take(kept QuicVersion.V1)) (token 1) "that of version 1 is there still"
                  Expect.equal (store.Take(kept QuicVersion.V2)) Bytes.empty "that of version 2 was used"
              }

          testCase "the options of a server reach its endpoint"
          <| fun () ->
              let key (fill: byte) = ReadOnlyMemory(Array.create 32 fill)

              let options =
                  QuicServerOptions(
                      RequireRetry = true,
                      RetryThreshold = 5,
                      MaxConnections = 6,
                      MaxHalfOpenConnections = 7,
                      NewTokensPerConnection = 3,
                      NewTokenLifetime = TimeSpan.FromHours 2.0,
                      TokenKey = key 1uy,
                      PreviousTokenKey = key 2uy,
                      StatelessResetKey = key 3uy
                  )

              let endpoint =
                  (options.ApplyServer (serverOptions IPAddress.Loopback).Runtime).Endpoint

              Expect.isTrue endpoint.RetryEnabled "Retry"

              Expect.equal
                  (endpoint.RetryThreshold, endpoint.MaxServerConnections, endpoint.MaxHalfOpenConnections)
                  (5, 6, 7)
                  "counts"

              Expect.equal
                  (endpoint.NewTokensPerConnection, endpoint.NewTokenLifetime)
                  (3, TimeSpan.FromHours 2.0)
                  "tokens"

              let first (secret: Secret) = (Secret.reveal secret)[0]
              Expect.equal (first endpoint.TokenKeys.Current, first endpoint.TokenKeys.Previous) (1uy, 2uy) "token keys"
              Expect.equal (first endpoint.StatelessResetKey) 3uy "reset key" ]
