namespace CoQuic.FSharp
