module CoQuic.Engine.Tests.Endpoints.DeadlineQueueTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

type internal Item(name: int) =
    let mutable index = -1
    member _.Name = name
    member _.IsQueued = index >= 0

    interface IHasDeadline with
        member _.DeadlineIndex
            with get () = index
            and set value = index <- value

let private at (milliseconds: int) =
    TimeUs.FromMilliseconds(float milliseconds)

let private take (now: TimeUs) (queue: DeadlineQueue<Item>) =
    match queue.TryTakeDue now with
    | true, item -> Some item.Name
    | false, _ -> None

/// The naive queue: each item's deadline and when it was set, in a list.
type private Model =
    { Entries: (int * TimeUs * int) list
      Order: int }

let private order (_, deadline: TimeUs, order: int) = deadline, order

let private modelSet name deadline model =
    match deadline, List.tryFind (fun (known, _, _) -> known = name) model.Entries with
    | Some due, Some(_, known, _) when due = known -> model
    | _ ->
        let others = model.Entries |> List.filter (fun (known, _, _) -> known <> name)

        match deadline with
        | None -> { model with Entries = others }
        | Some due ->
            { Entries = (name, due, model.Order) :: others
              Order = model.Order + 1 }

let private modelTake now model =
    match List.sortBy order model.Entries with
    | (name, deadline, _) :: rest when deadline <= now -> Some name, { model with Entries = rest }
    | _ -> None, model

/// What is done to the queue: deadlines are few, so that many fall together.
type Operation =
    | Set of item: byte * deadline: byte
    | Clear of item: byte
    | Take of now: byte

let private items = 40

[<Tests>]
let tests =
    testList
        "Endpoints.DeadlineQueue"
        [ testCase "an empty queue has no deadline and gives nothing"
          <| fun () ->
              let queue = DeadlineQueue<Item>()
              Expect.isFalse queue.Earliest.HasValue "no deadline"
              Expect.isNone (take TimeUs.MaxValue queue) "nothing"

          testCase "what is due comes out, the earliest first, and what is not stays"
          <| fun () ->
              let queue = DeadlineQueue<Item>()

              for deadline in [ 5; 3; 9; 1 ] do
                  queue.Set(Item deadline, Nullable(at deadline))

              Expect.equal queue.Earliest (Nullable(at 1)) "the earliest"
              Expect.equal [ for _ in 1..4 -> take (at 5) queue ] [ Some 1; Some 3; Some 5; None ] "in order"
              Expect.equal queue.Earliest (Nullable(at 9)) "what stays"

          testCase "what falls together comes in the order in which it was set"
          <| fun () ->
              let queue = DeadlineQueue<Item>()

              for name in 1..20 do
                  queue.Set(Item name, Nullable(at 7))

              Expect.equal [ for _ in 1..20 -> take (at 7) queue ] [ for name in 1..20 -> Some name ] "in order"

          testCase "setting the same deadline again keeps an item's place, and a new one gives it up"
          <| fun () ->
              let queue = DeadlineQueue<Item>()
              let first, second = Item 1, Item 2
              queue.Set(first, Nullable(at 7))
              queue.Set(second, Nullable(at 7))
              queue.Set(first, Nullable(at 7))
              Expect.equal (take (at 7) queue) (Some 1) "unchanged"
              queue.Set(first, Nullable(at 8))
              queue.Set(first, Nullable(at 7))
              Expect.equal (take (at 7) queue) (Some 2) "set later"

          property "it does what a sorted list does"
          <| fun (operations: Operation list) ->
              let queue = DeadlineQueue<Item>()
              let all = [| for name in 0 .. items - 1 -> Item name |]

              let perform model operation =
                  match operation with
                  | Set(item, deadline) ->
                      let name = int item % items
                      let due = at (int deadline % 32)
                      queue.Set(all[name], Nullable due)
                      modelSet name (Some due) model
                  | Clear item ->
                      let name = int item % items
                      queue.Set(all[name], Nullable())
                      modelSet name None model
                  | Take now ->
                      let expected, model = modelTake (at (int now % 32)) model
                      Expect.equal (take (at (int now % 32)) queue) expected "the item that is due"
                      model

              let check model =
                  let earliest =
                      match List.sortBy order model.Entries with
                      | [] -> Nullable()
                      | (_, deadline, _) :: _ -> Nullable deadline

                  Expect.equal queue.Earliest earliest "the earliest deadline"

                  let queued = model.Entries |> List.map (fun (name, _, _) -> name) |> Set.ofList

                  for item in all do
                      Expect.equal item.IsQueued (queued.Contains item.Name) $"whether {item.Name} is queued"

              ({ Entries = []; Order = 0 }, operations)
              ||> List.fold (fun model operation ->
                  let model = perform model operation
                  check model
                  model)
              |> ignore ]
