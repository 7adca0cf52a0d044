namespace CoQuic.Runtime

open System
open System.Collections.Generic
open CoQuic.FSharp

/// What a token is good for: a server, by the name that its certificate bears and its port, and one version.
[<Struct>]
type internal TokenScope =
    { ServerName: string
      Port: int
      Version: QuicVersion }

/// Tokens that servers gave for later connections (RFC 9000 §8.1.3): with one, a client's address is known from its first packet
/// on. Each is used once, the newest first. Several clients, on any threads, may share a store; a server can tell that its tokens
/// come from the same one.
[<Sealed>]
type TokenStore() =

    let servers = Dictionary<TokenScope, LinkedList<Bytes>>()
    let order = LinkedList<TokenScope>()

    let forgetServer () =
        match order.First with
        | null -> ()
        | oldest ->
            servers.Remove oldest.Value |> ignore
            order.RemoveFirst()

    let tokensOf scope =
        match servers.TryGetValue scope with
        | true, tokens -> tokens
        | _ ->
            if servers.Count >= TokenStore.MaximumServers then
                forgetServer ()

            let tokens = LinkedList<Bytes>()
            servers.Add(scope, tokens)
            order.AddLast scope |> ignore
            tokens

    /// How many servers are remembered; of one more, the one that was first heard of longest ago is forgotten.
    static member MaximumServers: int = 256

    /// How many tokens are kept for a server and version; of one more, the oldest is forgotten.
    static member MaximumTokens: int = 4

    /// How many tokens there are.
    member _.Count: int = lock servers (fun () -> servers.Values |> Seq.sumBy _.Count)

    /// Forgets all tokens: servers cannot connect what follows with what was before.
    member _.Clear() : unit =
        lock servers (fun () ->
            servers.Clear()
            order.Clear())

    member internal _.Add(scope: TokenScope, token: Bytes) : unit =
        lock servers (fun () ->
            let tokens = tokensOf scope
            tokens.AddLast token |> ignore

            if tokens.Count > TokenStore.MaximumTokens then
                tokens.RemoveFirst())

    /// Takes the newest token out; empty when there is none.
    member internal _.Take(scope: TokenScope) : Bytes =
        lock servers (fun () ->
            match servers.TryGetValue scope with
            | true, tokens when tokens.Count > 0 ->
                let newest = (nonNull tokens.Last).Value
                tokens.RemoveLast()
                newest
            | _ -> Bytes.empty)
