/// The public API of each package, pinned in api/PACKAGE.txt.
module CoQuic.Build.Api

open System
open CoQuic.Build.Shell

/// A program that hangs is a failure, not a wait.
let private deadline = TimeSpan.FromMinutes 5.0

/// Compares the packages just built with the files, or rewrites the files where that is asked for.
let check isAccepted =
    Product.build "Release"
    Product.compile "tests/CoQuic.Packages.Tests" "Checked"

    let environment =
        [ "COQUIC_TEST_FILTER", "the public API"
          "COQUIC_TEST_ACCEPT", (if isAccepted then "1" else "0") ]

    let program =
        inRoot "tests/CoQuic.Packages.Tests/bin/Checked/net10.0/CoQuic.Packages.Tests.dll"

    match watch environment deadline "dotnet" [ program ] ignore with
    | Some 0 when isAccepted ->
        printfn "api/ is what the packages are now: look at the difference before you commit it."
    | Some 0 -> printfn "The packages have the API that api/ says."
    | Some _ -> stop "The API has changed. If that is meant: dotnet fsi build.fsx api --accept"
    | None -> stop $"The comparison was still running after {deadline.TotalMinutes} minutes."
