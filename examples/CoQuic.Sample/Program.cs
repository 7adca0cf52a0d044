using System;
using System.Net;
using System.Net.Quic;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CoQuic.Sample;

using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
var names = new SubjectAlternativeNameBuilder();
names.AddDnsName("localhost");
names.AddIpAddress(IPAddress.Loopback);
var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
request.CertificateExtensions.Add(names.Build());
using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));

Console.WriteLine($"CoQuic.Runtime:  {await OverCoQuic.EchoAsync("hello", certificate)}");
Console.WriteLine(QuicListener.IsSupported
    ? $"System.Net.Quic: {await OverSystemNetQuic.EchoAsync("hello", certificate)}"
    : "System.Net.Quic: not supported here, since there is no libmsquic");
