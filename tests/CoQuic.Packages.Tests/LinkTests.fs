module CoQuic.Packages.Tests.LinkTests

open System.IO
open CoQuic.Build
open Expecto

let private page links =
    links
    |> List.map (fun link -> $"""<a href="{link}">there</a>""")
    |> String.concat "\n"

[<Tests>]
let tests =
    testList
        "links of the documentation"
        [ testCase "that lead to a page, an anchor or elsewhere are whole"
          <| fun () ->
              Repository.inTemporaryFolder (fun folder ->
                  let links =
                      [ "other.html"
                        "/other.html#part"
                        "#here"
                        "https://example.org/nowhere"
                        "mailto:a@example.org" ]

                  File.WriteAllText(Path.Combine(folder, "index.html"), page links)
                  File.WriteAllText(Path.Combine(folder, "other.html"), page [ "index.html?a=b" ])
                  Expect.isEmpty (Links.broken "/" folder) "no broken link")

          testCase "that lead nowhere are noticed, with their page"
          <| fun () ->
              Repository.inTemporaryFolder (fun folder ->
                  File.WriteAllText(Path.Combine(folder, "index.html"), page [ "gone.html"; "/gone/too.html" ])

                  Expect.equal
                      (Links.broken "/" folder)
                      [ "index.html", "gone.html"; "index.html", "/gone/too.html" ]
                      "both") ]
