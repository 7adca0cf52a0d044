/// Where things are, and the packages that `build.fsx build` left.
module CoQuic.Packages.Tests.Repository

open System
open System.IO

let rec private above (folder: DirectoryInfo | null) =
    match folder with
    | null -> invalidOp "There is no CoQuic.FSharp.sln above this test program."
    | folder when File.Exists(Path.Combine(folder.FullName, "CoQuic.FSharp.sln")) -> folder.FullName
    | folder -> above folder.Parent

let root = above (DirectoryInfo AppContext.BaseDirectory)

let packagesFolder = Path.Combine(root, "artifacts", "packages")

/// The package files, by path.
let packages () =
    let found =
        if Directory.Exists packagesFolder then
            Directory.GetFiles(packagesFolder, "*.nupkg") |> Array.sort |> List.ofArray
        else
            []

    if found.IsEmpty then
        invalidOp "There are no packages in artifacts/packages: `dotnet fsi build.fsx build` makes them."

    found

/// A folder of the test's own, removed afterwards.
let inTemporaryFolder test =
    let folder = Directory.CreateTempSubdirectory "coquic-packages-"

    try
        test folder.FullName
    finally
        folder.Delete true
