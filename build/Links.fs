/// The links inside a site of HTML pages.
module CoQuic.Build.Links

open System
open System.IO
open System.Net
open System.Text.RegularExpressions

/// What a page links to inside the site: `href` and `src` without anchors, and nothing that leads elsewhere.
let ofPage (html: string) : string list =
    Regex.Matches(html, "(?:href|src)=\"([^\"]*)\"")
    |> Seq.map (fun found -> (nonNull (WebUtility.HtmlDecode found.Groups[1].Value)).Split('#', '?').[0])
    |> Seq.filter (fun link -> link <> "" && not (Regex.IsMatch(link, "^([a-z]+:|//)")))
    |> Seq.distinct
    |> List.ofSeq

/// Links that lead nowhere, with the page that has them. A link that begins with the site's root is as good as a relative one.
let broken (siteRoot: string) (folder: string) : (string * string) list =
    [ for page in Directory.GetFiles(folder, "*.html", SearchOption.AllDirectories) do
          for link in ofPage (File.ReadAllText page) do
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
