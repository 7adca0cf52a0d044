/// What is served to peers and fetched from them, and how it is compared.
module CoQuic.Build.PeerSite

open System
open System.IO
open System.Net
open System.Net.Sockets
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates
open System.Threading

/// Files to be served, and the identity to serve them under.
type Site =
    {
        Www: string
        Certificate: string
        Key: string
        /// The hash of each file, by path.
        Hashes: Map<string, string>
    }

let private largeLength = 10 * 1024 * 1024

/// So many files have up to this many bytes; the others are tiny.
let private smallCount = 100

let private smallLength = 10_000
let private tinyLength = 32
let private fileCount = 2000

/// The tildes make Huffman coding longer than the name itself: clients of HTTP/3 leave it as it is then, and our endpoint reads no
/// other.
let large = "/~~~~~large"

let private numbered index = $"/~~~~~{index}"
let small = [ for index in 1..smallCount -> numbered index ]
let all = [ for index in 1..fileCount -> numbered index ]

let private hashOf path =
    Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes path))

let private writeIdentity (certificatePath: string) (keyPath: string) =
    use key = ECDsa.Create ECCurve.NamedCurves.nistP256
    let request = CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
    let now = DateTimeOffset.UtcNow
    use certificate = request.CreateSelfSigned(now.AddDays -1.0, now.AddDays 1.0)
    File.WriteAllText(certificatePath, certificate.ExportCertificatePem())
    File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem())

/// Makes files of random content, and a self-signed identity.
let make (folder: string) =
    let inFolder name = Path.Combine(folder, name)
    let www = inFolder "www"
    Directory.CreateDirectory www |> ignore
    writeIdentity (inFolder "cert.pem") (inFolder "key.pem")

    let sizes =
        [ large, largeLength
          for index, path in List.indexed all do
              path,
              (if index < smallCount then
                   RandomNumberGenerator.GetInt32 smallLength
               else
                   tinyLength) ]

    for path, size in sizes do
        File.WriteAllBytes(www + path, RandomNumberGenerator.GetBytes size)

    { Www = www
      Certificate = inFolder "cert.pem"
      Key = inFolder "key.pem"
      Hashes = Map [ for path, _ in sizes -> path, hashOf (www + path) ] }

/// The paths whose files are not there, or are not what was served.
let differing site (downloads: string) paths =
    paths
    |> List.filter (fun (path: string) ->
        let file = downloads + path
        not (File.Exists file) || hashOf file <> site.Hashes[path])

/// A port that was free a moment ago.
let freePort () =
    use socket =
        new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)

    socket.Bind(IPEndPoint(IPAddress.Loopback, 0))
    (socket.LocalEndPoint :?> IPEndPoint).Port

let private isBound (port: int) =
    let column = $":{port:X4} "

    [ "/proc/net/udp"; "/proc/net/udp6" ]
    |> Seq.filter File.Exists
    |> Seq.collect File.ReadAllLines
    |> Seq.exists (fun line -> line.Contains(column, StringComparison.Ordinal))

/// Waits until some program has bound the port, or `hasEnded`. Not every peer says that it listens.
let awaitPort (patience: TimeSpan) (hasEnded: unit -> bool) port =
    SpinWait.SpinUntil((fun () -> isBound port || hasEnded ()), patience) |> ignore
