module CoQuic.Engine.Tests.Tls.HandshakeTests

open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Tls.Pair

[<Tests>]
let tests =
    testList
        "TLS handshake"
        [ testCase "a handshake completes, and both sides hold the same secrets"
          <| fun () ->
              let outcome = run clientConfig serverConfig
              Expect.isNone outcome.Error "no fault"
              Expect.isTrue (isComplete outcome) "complete" ]
