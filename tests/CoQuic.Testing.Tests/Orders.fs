/// A shop and its customer. The shop believes that orders arrive in the order in which they were sent: that is its bug.
module CoQuic.Testing.Tests.Orders

open System
open CoQuic.FSharp

let count = 30

/// What arrived so far: of streams that have not ended, and whole orders, newest first.
type Shop =
    { Parts: Map<StreamId, Bytes list>
      Orders: string list }

let private take (data: ReceiveStreamData) shop =
    let parts =
        data.Bytes :: (Map.tryFind data.Stream shop.Parts |> Option.defaultValue [])

    if data.Fin then
        { Parts = Map.remove data.Stream shop.Parts
          Orders = Bytes.toString (Bytes.concat (List.rev parts)) :: shop.Orders }
    else
        { shop with
            Parts = Map.add data.Stream parts shop.Parts }

let shop: Program<Shop, unit> =
    { Init = { Parts = Map.empty; Orders = [] }, []
      Update =
        fun _ event shop ->
            match event with
            | Network(Signal.StreamData data) ->
                let shop = take data shop

                shop,
                [ if shop.Orders.Length = count then
                      Command.close data.Connection 0UL "thank you"
                      Command.Stop ]
            | Network(Signal.Closed _) -> shop, [ Command.Stop ]
            | Network _
            | Message() -> shop, [] }

/// Sends its orders one after the other, each on a stream of its own.
let customer: Program<int, unit> =
    let next sent connection =
        if sent = count then
            []
        else
            [ Command.OpenStream(connection, StreamKind.Unidirectional, sent + 1) ]

    { Init = 0, [ Command.connect 1 "shop" 443 ]
      Update =
        fun _ event sent ->
            match event with
            | Network(Signal.HandshakeReady(connection, _)) -> sent, next sent connection
            | Network(Signal.StreamOpened(number, connection, stream)) ->
                number,
                Command.sendLast connection stream (Bytes.ofString $"order {number}")
                :: next number connection
            | Network(Signal.Refused _)
            | Network(Signal.Closed _) -> sent, [ Command.Stop ]
            | Network _
            | Message() -> sent, [] }

let private identity = ServerIdentity.simulated 1UL "shop"

let shopConfig = EndpointConfig.server "orders" identity

let customerConfig =
    EndpointConfig.client "orders"
    |> EndpointConfig.verifiedBy (Trust.only identity)

let shopNode = Node.create "shop" shopConfig shop
let customerNode = Node.create "customer" customerConfig customer

let network =
    Simulation.create 1UL [ shopNode; customerNode ]
    |> Simulation.over (Link.ideal |> Link.delay (TimeSpan.FromMilliseconds 10.0))

let expected = [ for number in 1..count -> $"order {number}" ]

/// All orders, whatever their order.
let areAll report =
    List.sort (Report.model shopNode report).Orders = List.sort expected

/// All orders, in order: what the shop believes.
let areInOrder report =
    List.rev (Report.model shopNode report).Orders = expected
