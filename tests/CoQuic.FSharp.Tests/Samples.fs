/// One value of each case of a type, made by reflection, so that a new field or case is in the samples as soon as it is there.
module CoQuic.FSharp.Tests.Samples

open System
open System.Collections.Generic
open System.Net
open Microsoft.FSharp.Reflection
open CoQuic.FSharp

/// Whether optional fields are there.
type private Options =
    | Present
    | Absent

let private leaves =
    dict<Type, objnull>
        [ typeof<bool>, true
          typeof<string>, "text"
          typeof<int>, 3
          typeof<int64>, 4L
          typeof<uint64>, 5UL
          typeof<float>, 0.5
          typeof<TimeSpan>, TimeSpan.FromMilliseconds 1.5
          typeof<DateTimeOffset>, DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)
          typeof<TimeUs>, TimeUs 12345L
          typeof<Bytes>, Bytes.ofArray [| 1uy; 2uy; 3uy |]
          typeof<Secret>, Secret.ofBytes (Bytes.ofArray [| 4uy; 5uy; 6uy |])
          typeof<ConnectionHandle>, ConnectionHandle 7UL
          typeof<RouteHandle>, RouteHandle 3UL
          typeof<StreamId>, StreamId 4UL
          typeof<ConnectionId>, ConnectionId(ReadOnlySpan [| 0xc0uy; 0x01uy |])
          typeof<QuicVersion>, QuicVersion.V1
          typeof<CalendarAnchor>, CalendarAnchor(DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), TimeUs 1L)
          typeof<IPEndPoint>, IPEndPoint(IPAddress.Loopback, 4433)
          typeof<QlogEvent>, CoQuic.Engine.QlogMtuUpdated(1200, 1452) ]

let private isGeneric (definition: Type) (kind: Type) =
    kind.IsGenericType && kind.GetGenericTypeDefinition() = definition

let rec private hasOption (kind: Type) =
    isGeneric typedefof<_ option> kind
    || FSharpType.IsRecord kind
       && FSharpType.GetRecordFields kind
          |> Array.exists (fun field -> hasOption field.PropertyType)

let rec private make options (kind: Type) : objnull =
    match leaves.TryGetValue kind with
    | true, value -> value
    | false, _ when kind.IsInterface -> null // It has no JSON, and no sample.
    | false, _ when kind.IsEnum -> Enum.GetValues(kind).GetValue 0
    | false, _ when isGeneric typedefof<_ option> kind ->
        match options with
        | _ when kind.GenericTypeArguments[0].IsInterface -> null
        | Absent -> null
        | Present ->
            let some =
                FSharpType.GetUnionCases kind |> Array.find (fun case -> case.Name = "Some")

            FSharpValue.MakeUnion(some, [| make options kind.GenericTypeArguments[0] |])
    | false, _ when isGeneric typedefof<_ list> kind ->
        let cases = FSharpType.GetUnionCases kind

        let empty =
            FSharpValue.MakeUnion(cases |> Array.find (fun case -> case.Name = "Empty"), [||])

        FSharpValue.MakeUnion(
            cases |> Array.find (fun case -> case.Name = "Cons"),
            [| make options kind.GenericTypeArguments[0]; empty |]
        )
    | false, _ when FSharpType.IsRecord kind -> makeRecord options kind
    | false, _ when FSharpType.IsUnion kind -> makeCase options (Array.head (FSharpType.GetUnionCases kind))
    | false, _ -> invalidArg (nameof kind) $"There is no sample of {kind}."

and private makeRecord options kind =
    FSharpValue.MakeRecord(kind, [| for field in FSharpType.GetRecordFields kind -> make options field.PropertyType |])

and private makeCase options (case: UnionCaseInfo) =
    FSharpValue.MakeUnion(case, [| for field in case.GetFields() -> make options field.PropertyType |])

/// Samples with their names: each case of a union, each of them without its optional fields too if it has any.
let ofType<'value> : (string * 'value) list =
    let kind = typeof<'value>

    let both name hasOptions (make: Options -> objnull) =
        (name, make Present)
        :: [ if hasOptions then
                 $"{name} without options", make Absent ]

    let samples =
        if FSharpType.IsUnion kind then
            [ for case in FSharpType.GetUnionCases kind do
                  let hasOptions =
                      case.GetFields() |> Array.exists (fun field -> hasOption field.PropertyType)

                  yield! both $"{kind.Name}.{case.Name}" hasOptions (fun options -> makeCase options case) ]
        else
            both kind.Name (hasOption kind) (fun options -> make options kind)

    samples |> List.map (fun (name, value) -> name, unbox<'value> value)

/// All values of an enumeration.
let ofEnum<'enum when 'enum: struct and 'enum: (new: unit -> 'enum) and 'enum :> Enum> : 'enum list =
    List.ofArray (Enum.GetValues<'enum>())
