using System.IO;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using System.Net.Quic;

namespace CoQuic.Sample;

/// <summary>A text to a server and back, over System.Net.Quic.</summary>
public static class OverSystemNetQuic
{
    private static readonly SslApplicationProtocol s_protocol = new("echo");

    /// <summary>Sends a text to a server of its own, and returns what comes back.</summary>
    /// <param name="text">The text.</param>
    /// <param name="certificate">A certificate for localhost, with its key.</param>
    public static async Task<string> EchoAsync(string text, X509Certificate2 certificate)
    {
        await using QuicListener listener = await QuicListener.ListenAsync(new QuicListenerOptions
        {
            ListenEndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            ApplicationProtocols = [s_protocol],
            ConnectionOptionsCallback = (_, _, _) => ValueTask.FromResult(new QuicServerConnectionOptions
            {
                DefaultStreamErrorCode = 0,
                DefaultCloseErrorCode = 0,
                ServerAuthenticationOptions = new SslServerAuthenticationOptions
                {
                    ApplicationProtocols = [s_protocol],
                    ServerCertificate = certificate,
                },
            }),
        });
        Task serving = ServeAsync(listener);

        await using QuicConnection connection = await QuicConnection.ConnectAsync(new QuicClientConnectionOptions
        {
            RemoteEndPoint = listener.LocalEndPoint,
            DefaultStreamErrorCode = 0,
            DefaultCloseErrorCode = 0,
            ClientAuthenticationOptions = new SslClientAuthenticationOptions
            {
                ApplicationProtocols = [s_protocol],
                TargetHost = "localhost",
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.Equals(certificate) ?? false,
            },
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

    private static async Task ServeAsync(QuicListener listener)
    {
        await using QuicConnection connection = await listener.AcceptConnectionAsync();
        await using QuicStream stream = await connection.AcceptInboundStreamAsync();
        await stream.CopyToAsync(stream);
        stream.CompleteWrites();
        await stream.WritesClosed;
    }
}
