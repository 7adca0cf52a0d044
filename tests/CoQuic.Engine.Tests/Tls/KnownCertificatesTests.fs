module CoQuic.Engine.Tests.Tls.KnownCertificatesTests

open System
open Expecto
open CoQuic.Engine

let private certificate name =
    let from = DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)
    SelfSignedIdentity.Create([| name |], from, from.AddDays 1.0).CertificateChain[0]

let private get (known: KnownCertificates) (der: Bytes) =
    let mutable certificate: PeerCertificate | null = null
    let mutable error: TransportError | null = null
    let isThere = known.TryGet(der, &certificate, &error)
    Expect.equal isThere (isNull (box error)) "a certificate or an error"
    Option.ofObj certificate

[<Tests>]
let tests =
    testList
        "known certificates"
        [ testCase "equal bytes are read once"
          <| fun () ->
              use known = new KnownCertificates()
              let der = certificate "localhost"
              let first = get known der
              let again = get known (Bytes.CopyOf der.Span)
              Expect.isTrue (obj.ReferenceEquals(Option.get first, Option.get again)) "the same object"
              Expect.equal known.Count 1 "one is kept"

          testCase "a byte that differs makes another certificate, or none"
          <| fun () ->
              use known = new KnownCertificates()
              let der = certificate "localhost"
              let first = get known der
              let changed = der.ToArray()
              changed[changed.Length - 1] <- changed[changed.Length - 1] ^^^ 1uy
              let other = get known (Bytes.Wrap(ReadOnlyMemory changed))
              Expect.isFalse (obj.ReferenceEquals(Option.get first, Option.toObj other)) "not the same"

          testCase "what cannot be read is not kept"
          <| fun () ->
              use known = new KnownCertificates()
              Expect.isNone (get known (Bytes.Wrap(ReadOnlyMemory [| 1uy; 2uy |]))) "nothing"
              Expect.equal known.Count 0 "nothing is kept"

          testCase "a bounded number is kept, and the one that was used last the longest"
          <| fun () ->
              use known = new KnownCertificates()
              let favourite = certificate "favourite"
              let first = get known favourite

              for number in 1 .. KnownCertificates.Capacity * 2 do
                  get known (certificate $"host{number}") |> ignore
                  let again = get known favourite
                  Expect.isTrue (obj.ReferenceEquals(Option.get first, Option.get again)) "still there"

              Expect.equal known.Count KnownCertificates.Capacity "full" ]
