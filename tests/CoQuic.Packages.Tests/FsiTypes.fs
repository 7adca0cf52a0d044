/// Which types people meet in F# Interactive, and whether a session shows one.
module CoQuic.Packages.Tests.FsiTypes

open System
open System.Text.RegularExpressions
open Microsoft.FSharp.Reflection

let private baseName (kind: Type) = Regex.Replace(kind.Name, "`\\d+$", "")

/// Records and unions of the library that stand for themselves; the fields of others show the rest. The simulator's own
/// values, which its tests print, are few and change with it.
let isMet (kind: Type) : bool =
    (FSharpType.IsRecord kind || FSharpType.IsUnion kind)
    && isNull kind.DeclaringType
    && kind.Namespace = "CoQuic.FSharp"

/// Whether a session's output has a value of the type: by its name in a signature, or as the beginning of what is printed.
let isShown (output: string) (kind: Type) : bool =
    Regex.IsMatch(output, $@"\b{Regex.Escape(baseName kind)}\b")
