module CoQuic.Runtime.Tests.TokenStoreTests

open System
open System.Net
open System.Threading.Tasks
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Runtime.Tests.ConnectionKit

let private scope name : TokenScope =
    { ServerName = name
      Port = 443
      Version = QuicVersion.V1 }

let private token (value: int) = Bytes.ofArray [| byte value |]

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
