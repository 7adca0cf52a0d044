using System.IO;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using CoQuic.Runtime;

namespace CoQuic.Sample;

/// <summary>A text to a server and back, over CoQuic.Runtime.</summary>
public static class OverCoQuic
{
    private static readonly SslApplicationProtocol s_protocol = new("echo");

    /// <summary>Sends a text to a server of its own, and returns what comes back.</summary>
    /// <param name="text">The text.</param>
    /// <param name="certificate">A certificate for localhost, with its key.</param>
    public static async Task<string> EchoAsync(string text, X509Certificate2 certificate)
    {
        await using QuicServer listener = await QuicServer.ListenAsync(new QuicServerOptions
        {
            ListenEndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            ApplicationProtocols = [s_protocol],
            ServerCertificate = certificate,
        });
        Task serving = ServeAsync(listener);

        await using QuicConnection connection = await QuicClient.ConnectAsync(new QuicClientOptions
        {
            RemoteEndPoint = listener.LocalEndPoint,
            ApplicationProtocols = [s_protocol],
            TargetHost = "localhost",
            TrustedRoots = [certificate],
        });
        await using QuicStream stream = await connection.OpenOutboundStreamAsync(QuicStreamType.Bidirectional);
        await using var writer = new StreamWriter(stream, leaveOpen: true);
        await writer.WriteAsync(text);
        await writer.FlushAsync();
        stream.CompleteWrites();
        string answer = await new StreamReader(stream).ReadToEndAsync();
        await serving;
        return answer;
    }

    private static async Task ServeAsync(QuicServer listener)
    {
        await using QuicConnection connection = await listener.AcceptConnectionAsync();
        await using QuicStream stream = await connection.AcceptInboundStreamAsync();
        await stream.CopyToAsync(stream);
        stream.CompleteWrites();
        await stream.WritesClosed;
    }
}
