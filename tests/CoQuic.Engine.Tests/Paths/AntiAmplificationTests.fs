module CoQuic.Engine.Tests.Paths.AntiAmplificationTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

[<Tests>]
let tests =
    testList
        "Paths.AntiAmplification (RFC 9000 §8.1)"
        [ testCase "nothing is sent to an address that sent nothing"
          <| fun () ->
              let limit = AntiAmplification false
              Expect.equal limit.Budget 0UL "no budget"
              Expect.isTrue limit.IsAtLimit "at the limit"
              Expect.isFalse (limit.CanSend 1) "not a byte"

          testCase "three times what was received may be sent"
          <| fun () ->
              let limit = AntiAmplification false
              limit.OnReceived 1200
              Expect.isTrue (limit.CanSend 3600) "all of it"
              Expect.isFalse (limit.CanSend 3601) "not more"
              limit.OnSent 2400
              Expect.equal limit.Budget 1200UL "what is left"
              Expect.isFalse limit.IsAtLimit "a probe fits"
              limit.OnSent 1
              Expect.isTrue limit.IsAtLimit "no probe fits"

          testCase "a validated address has no limit"
          <| fun () ->
              let limit = AntiAmplification false
              limit.Validate()
              Expect.equal limit.Budget UInt64.MaxValue "no limit"
              Expect.isFalse limit.IsAtLimit "no limit"
              Expect.isTrue (AntiAmplification true).IsValidated "from the start, for a client"

          property "who asks first never sends more than three times"
          <| fun (steps: (bool * uint16) list) ->
              let limit = AntiAmplification false

              let received, sent =
                  ((0UL, 0UL), steps)
                  ||> List.fold (fun (received, sent) (isReceived, bytes) ->
                      if isReceived then
                          limit.OnReceived(int bytes)
                          received + uint64 bytes, sent
                      elif limit.CanSend(int bytes) then
                          limit.OnSent(int bytes)
                          received, sent + uint64 bytes
                      else
                          received, sent)

              Expect.isLessThanOrEqual sent (3UL * received) "within the limit"
              Expect.equal limit.Budget (3UL * received - sent) "the rest" ]
