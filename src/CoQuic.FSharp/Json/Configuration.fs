namespace CoQuic.FSharp

open System
open System.Reflection
open System.Text.Json
open Microsoft.FSharp.Reflection

[<RequireQualifiedAccess>]
module Configuration =

    /// A setting's path in JSON, `$.transport.max_idle_timeout_ms`, from its name, `Transport.MaxIdleTimeout`.
    let private jsonPath (setting: string) =
        let step (path, kind: Type) (name: string) =
            let field =
                if FSharpType.IsRecord kind then
                    FSharpType.GetRecordFields kind
                    |> Array.tryFind (fun field -> field.Name = name)
                else
                    None

            match field with
            | Some field -> $"{path}.{JsonDecoder.fieldName field}", field.PropertyType
            | None -> $"{path}.{JsonNames.Policy.ConvertName name}", typeof<obj>

        setting.Split '.' |> Array.fold step ("$", typeof<EndpointConfig>) |> fst

    let private ofFault (fault: ConfigurationFault) : JsonFault =
        { Path = jsonPath fault.Path
          Problem = fault.Message }

    let read (basis: EndpointConfig) (json: string) : Result<EndpointConfig, JsonFault list> =
        JsonDecoder.readOver basis json
        |> Result.bind (fun config ->
            match EndpointConfig.faults config with
            | [] -> Ok config
            | faults -> Error(List.map ofFault faults))

    let write (config: EndpointConfig) : string =
        JsonSerializer.Serialize(config, Json.indented)
