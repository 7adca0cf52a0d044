/// The documentation as a site: the pages of docs/ and the API of the packages, in artifacts/docs.
module CoQuic.Build.Docs

open System
open System.IO
open System.Net
open System.Text.RegularExpressions
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

/// What a page links to inside the site: `href` and `src` without anchors, and nothing that leads elsewhere.
let links (html: string) : string list =
    Regex.Matches(html, "(?:href|src)=\"([^\"]*)\"")
    |> Seq.map (fun found -> WebUtility.HtmlDecode(found.Groups[1].Value).Split('#', '?').[0])
    |> Seq.filter (fun link -> link <> "" && not (Regex.IsMatch(link, "^([a-z]+:|//)")))
    |> Seq.distinct
    |> List.ofSeq

/// Links that lead nowhere, with the page that has them. A link that begins with the site's root is as good as a relative one.
let brokenLinks (siteRoot: string) (folder: string) : (string * string) list =
    [ for page in Directory.GetFiles(folder, "*.html", SearchOption.AllDirectories) do
          for link in links (File.ReadAllText page) do
              let from, relative =
                  if link.StartsWith(siteRoot, StringComparison.Ordinal) then
                      folder, link.Substring siteRoot.Length
                  elif link.StartsWith '/' then
                      folder, link.Substring 1
                  else
                      (Path.GetDirectoryName page |> Option.ofObj |> Option.defaultValue folder), link

              let target = Path.Combine(from, Uri.UnescapeDataString relative)

              if not (File.Exists target || Directory.Exists target) then
                  Path.GetRelativePath(folder, page), link ]

/// Makes the site, and stops where a link of it is broken.
let build () =
    Product.restore ()
    Product.compile "build/Product.slnf" "Release"
    heading "docs"

    run
        "dotnet"
        ([ "fsdocs"; "build"; "--clean"; "--strict"; "--output"; output; "--projects" ]
         @ List.map projectOf libraries
         @ [ "--properties"; "Configuration=Release"; "--parameters"; "root"; "/" ])

    match brokenLinks "/" output with
    | [] -> printfn "artifacts/docs, without a broken link"
    | broken ->
        for page, link in broken do
            Console.Error.WriteLine $"{page}: {link}"

        stop $"{broken.Length} links of the site are broken."
