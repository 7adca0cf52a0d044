namespace CoQuic.FSharp

open System
open System.Reflection
open System.Text.Json
open Microsoft.FSharp.Reflection

/// Configurations as JSON: for files, and for whoever wants to see what is set. What is behind an interface (verifiers, server
/// identities, connection-ID schemes) is no data and is left out.
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

    /// Reads a configuration, which needs to name only what differs from `basis`. All faults are named at once: fields that
    /// nobody knows, values of the wrong kind, and settings that cannot work.
    let read (basis: EndpointConfig) (json: string) : Result<EndpointConfig, JsonFault list> =
        JsonDecoder.readOver basis json
        |> Result.bind (fun config ->
            match EndpointConfig.faults config with
            | [] -> Ok config
            | faults -> Error(List.map ofFault faults))

    /// All settings of a configuration, a field a line. The keys in it are secret.
    let write (config: EndpointConfig) : string =
        JsonSerializer.Serialize(config, Json.indented)
