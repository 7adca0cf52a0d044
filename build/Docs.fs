/// The documentation as a site: the pages of docs/ and the API of the packages, in artifacts/docs.
module CoQuic.Build.Docs

open System
open System.IO
open CoQuic.Build.Shell

let private output = inRoot "artifacts/docs"

let private libraries =
    [ "CoQuic.Engine"
      "CoQuic.Interop"
      "CoQuic.FSharp"
      "CoQuic.Runtime"
      "CoQuic.Testing" ]

let private projectOf name =
    [ "fsproj"; "csproj" ]
    |> List.map (fun extension -> inRoot $"src/{name}/{name}.{extension}")
    |> List.find File.Exists

/// What the pages' frame says.
let private parameters =
    [ "root", "/"
      "fsdocs-logo-src", "/img/logo.svg"
      "fsdocs-favicon-src", "/img/logo.svg"
      "fsdocs-logo-link", "/index.html"
      "fsdocs-repository-link", "/index.html"
      "fsdocs-release-notes-link", "/index.html"
      "fsdocs-license-link", "/index.html" ]

/// Makes the site, and stops where a link of it is broken.
let build () =
    Product.restore ()
    Product.compile "build/Product.slnf" "Release"
    heading "docs"

    run
        "dotnet"
        ([ "fsdocs"; "build"; "--clean"; "--strict"; "--output"; output; "--projects" ]
         @ List.map projectOf libraries
         @ [ "--properties"; "Configuration=Release"; "--parameters" ]
         @ (parameters |> List.collect (fun (name, value) -> [ name; value ])))

    match Links.broken "/" output with
    | [] -> printfn "artifacts/docs, without a broken link"
    | broken ->
        for page, link in broken do
            Console.Error.WriteLine $"{page}: {link}"

        stop $"{broken.Length} links of the site are broken."
