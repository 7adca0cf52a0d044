/// Which engine runs, and what is said where it cannot.
module CoQuic.Interop.Tests.DriverTests

open System
open System.IO
open Expecto
open CoQuic.Engine
open CoQuic.Interop
open CoQuic.Interop.Tests.Fixtures

let private needing (change: TransportConfig) keyLog =
    EndpointConfig(
        Role = Role.Client,
        Entropy = entropy 1,
        Calendar = calendar,
        ApplicationProtocols = [| "coquic" |],
        Transport = change,
        EnableKeyLog = keyLog
    )

[<Tests>]
let tests =
    testList
        "drivers"
        [ testCase "the embedded engine is the default, and can do everything"
          <| fun () ->
              use endpoint = newClient ()

              for capability in Enum.GetValues<Capabilities>() do
                  Expect.isTrue (endpoint.Capabilities.HasFlag capability) $"{capability}"

          testCase "a native library is looked for where the environment says"
          <| fun () ->
              let candidates (variables: (string * string) list) =
                  NativeEngine.Candidates(fun name -> variables |> Map.ofList |> Map.tryFind name |> Option.toObj)
                  |> List.ofSeq

              Expect.equal
                  (candidates [ "COQUIC_LIB_PATH", "/somewhere/x.so"; "COQUIC_LIB_DIR", "/elsewhere" ])
                  [ "/somewhere/x.so" ]
                  "a file, and nothing else"

              Expect.equal
                  (candidates [ "COQUIC_LIB_DIR", "/lib"; "COQUIC_LIB_NAME", "coquic-quictls" ])
                  [ Path.Combine("/lib", "libcoquic-quictls.so") ]
                  "a folder and a name"

              Expect.equal
                  (candidates [ "COQUIC_LIB_NAME", "libmine.so" ])
                  [ "libmine.so" ]
                  "a name, along the system's path"

              Expect.equal
                  (candidates [])
                  [ "libcoquic-managed.so"; "libcoquic-quictls.so"; "libcoquic-boringssl.so" ]
                  "the known ones, ours first"

          testCase "a native library is refused in a sentence where a configuration asks for more"
          <| fun () ->
              let create () =
                  new Endpoint(
                      needing (TransportConfig(ReceiveCredit = ReceiveCredit.Explicit)) false,
                      EngineSource.Native
                  )
                  |> ignore

              Expect.throwsC create (fun error ->
                  Expect.equal (error.GetType()) typeof<EngineUnavailableException> "its kind"
                  Expect.stringContains error.Message "ExplicitReceiveCredit" "what is missing")

          testCase "the environment chooses between two names, and no third"
          <| fun () ->
              Expect.equal (EngineSources.Parse null) EngineSource.Embedded "silence"
              Expect.equal (EngineSources.Parse "") EngineSource.Embedded "nothing"
              Expect.equal (EngineSources.Parse "embedded") EngineSource.Embedded "embedded"
              Expect.equal (EngineSources.Parse "native") EngineSource.Native "native"

              Expect.throwsT<EngineUnavailableException>
                  (fun () -> EngineSources.Parse "msquic" |> ignore)
                  "anything else"

          testCase "a configuration says which capabilities it needs"
          <| fun () ->
              let required change keyLog =
                  CapabilityRules.RequiredBy(needing change keyLog)

              Expect.equal (required CoquicDefaults.Transport false) Capabilities.None "the C ABI's defaults need none"

              Expect.equal
                  (required
                      (TransportConfig(
                          ReceiveCredit = ReceiveCredit.Explicit,
                          SendLowWaterMark = 1UL,
                          HandshakeTimeout = TimeSpan.Zero
                      ))
                      true)
                  (Capabilities.ExplicitReceiveCredit
                   ||| Capabilities.SendProgress
                   ||| Capabilities.KeyLog)
                  "what goes beyond it is named"

          testCase "what the driver lacks is named"
          <| fun () ->
              let check () =
                  CapabilityRules.Check(needing (TransportConfig(SendLowWaterMark = 1UL)) true, Capabilities.KeyLog)

              Expect.throwsC check (fun error ->
                  Expect.stringContains error.Message "SendProgress" "missing"
                  Expect.isFalse (error.Message.Contains "KeyLog") "not what is there") ]
