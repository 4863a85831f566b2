using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Inference.Exchange;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>Requests to attached servers.</summary>
public sealed class AttachedEndpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Requests_and_scrapes_have_the_key_and_the_headers_and_use_metricsPath()
    {
        string key = _folder.Write("key", "s3cret\n");
        await using var runner = new RawRunner(1, static (stream, _) => RawRunner.WriteAsync(stream, RawRunner.Page("x 1\n")));
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""
                { "runners": [ { "backend": "x", "model": "m", "mode": "completion", "endpoint": "unix:{{runner.SocketPath}}",
                                 "headers": { "X-Org": "lab 7" }, "apiKeyFile": "{{key}}", "metricsPath": "/stats/prom?all=1" } ] }
                """,
        });

        using (HttpResponseMessage answer = await daemon.StreamAsync("v1/chat/completions", """{"model":"m"}"""))
            Assert.Equal(200, (int)answer.StatusCode);
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

        Assert.Contains("x{backend=\"x\",model=\"m:latest\",mode=\"completion\"} 1", page, StringComparison.Ordinal);
        Assert.Contains(runner.Requests, static head => head.StartsWith("POST /v1/chat/completions ", StringComparison.Ordinal));
        Assert.Contains(runner.Requests, static head => head.StartsWith("GET /stats/prom?all=1 ", StringComparison.Ordinal));
        Assert.All(runner.Requests, static head =>
        {
            Assert.Contains("\r\nX-Org: lab 7\r\n", head, StringComparison.Ordinal);
            Assert.Contains("\r\nAuthorization: Bearer s3cret\r\n", head, StringComparison.Ordinal);
        });
        Assert.DoesNotContain("s3cret", daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_is_accepted_if_its_authority_is_trusted_or_checks_are_off()
    {
        using X509Certificate2 certificate = MakeCertificate("localhost");
        using X509Certificate2 stranger = MakeCertificate("localhost");
        string authority = certificate.ExportCertificatePem();
        string other = stranger.ExportCertificatePem();
        await using WebApplication server = await ServeAsync(certificate);
        var address = new Uri(server.Urls.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal));

        Assert.Equal("yes", await AskAsync(address, new AttachedTlsSettings(authority, IsVerified: true)));
        Assert.Equal("yes", await AskAsync(address, new AttachedTlsSettings(null, IsVerified: false)));
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(address, null));
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(address, new AttachedTlsSettings(other, IsVerified: true)));

        // The name must match too, although the authority is trusted.
        var elsewhere = new Uri(server.Urls.Single());
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(elsewhere, new AttachedTlsSettings(authority, IsVerified: true)));
    }

    [Fact]
    public async Task The_reason_of_a_failed_TLS_connection_is_named()
    {
        using X509Certificate2 certificate = MakeCertificate("localhost");
        string authority = certificate.ExportCertificatePem();
        await using WebApplication server = await ServeAsync(certificate);
        var elsewhere = new Uri(server.Urls.Single());
        Uri address = new(elsewhere.AbsoluteUri.Replace("127.0.0.1", "localhost", StringComparison.Ordinal));
        using var plain = new TcpListener(IPAddress.Loopback, 0);
        plain.Start();
        Task<TcpClient> accepted = plain.AcceptTcpClientAsync(Cancellation).AsTask();

        Assert.StartsWith("its certificate is not trusted", await ReasonAsync(address, null), StringComparison.Ordinal);
        Assert.StartsWith(
            "its certificate is not trusted", await ReasonAsync(elsewhere, new AttachedTlsSettings(authority, IsVerified: true)), StringComparison.Ordinal);
        Task<string> reason = ReasonAsync(new Uri($"https://{plain.LocalEndpoint}/"), null);
        using (TcpClient client = await accepted)
            await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), Cancellation);
        Assert.StartsWith("it does not speak TLS", await reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_certificates_between_the_authority_and_the_servers_own_come_from_the_server(bool isSent)
    {
        using X509Certificate2 root = MakeAuthority("root", issuer: null);
        using X509Certificate2 between = MakeAuthority("between", root);
        using X509Certificate2 leaf = MakeLeaf(between);
        string authority = root.ExportCertificatePem();
        using X509Certificate2 publicBetween = X509CertificateLoader.LoadCertificate(between.RawData);
        await using WebApplication server = await ServeAsync(leaf, isSent ? [publicBetween] : []);
        var address = new Uri(server.Urls.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal));

        Task<string> answer = AskAsync(address, new AttachedTlsSettings(authority, IsVerified: true));

        if (isSent)
            Assert.Equal("yes", await answer);
        else
            await Assert.ThrowsAsync<HttpRequestException>(() => answer);
    }

    [Fact]
    public async Task Idle_connections_to_attached_servers_are_not_kept()
    {
        var connections = new ConcurrentDictionary<Stream, bool>();
        int closed = 0;
        await using var runner = new RawRunner(1, async (stream, cancellation) =>
        {
            connections.TryAdd(stream, true);
            await RawRunner.WriteAsync(stream, RawRunner.Page("{}", "Content-Type: application/json\r\n"));

            // The client closes the connection although it may keep it.
            Assert.Equal(0, await stream.ReadAsync(new byte[1], cancellation));
            Interlocked.Increment(ref closed);
            return false;
        });
        RunnerEndpoint endpoint = RunnerEndpointFactory.ForAttached(
            new RunnerId(-1), new AttachedRunnerSettings("x", "m:latest", RunnerMode.Completion, runner.SocketPath, null, null));
        for (int i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, endpoint.BaseAddress);
            using HttpResponseMessage response = await endpoint.Client.SendAsync(request, Cancellation);
            Assert.Equal("{}", await response.Content.ReadAsStringAsync(Cancellation));
        }

        Assert.Equal(2, connections.Count);
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(Volatile.Read(ref closed) == 2), DaemonFixture.Patience);
    }

    private static async Task<string> ReasonAsync(Uri address, AttachedTlsSettings? tls) =>
        AttachedFailure.Reason(await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(address, tls)));

    private static async Task<string> AskAsync(Uri address, AttachedTlsSettings? tls)
    {
        RunnerEndpoint endpoint = RunnerEndpointFactory.ForAttached(
            new RunnerId(-1), new AttachedRunnerSettings("x", "m:latest", RunnerMode.Completion, null, address, null) { Tls = tls });
        using var request = new HttpRequestMessage(HttpMethod.Get, endpoint.BaseAddress);
        using HttpResponseMessage response = await endpoint.Client.SendAsync(request, Cancellation);
        return await response.Content.ReadAsStringAsync(Cancellation);
    }

    private static X509Certificate2 MakeCertificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private static X509Certificate2 MakeAuthority(string name, X509Certificate2? issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        if (issuer is null)
            return request.CreateSelfSigned(now.AddDays(-2), now.AddDays(2));
        using X509Certificate2 signed = request.Create(issuer, now.AddDays(-1), now.AddDays(1), [1]);
        return signed.CopyWithPrivateKey(key);
    }

    private static X509Certificate2 MakeLeaf(X509Certificate2 issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 signed = request.Create(issuer, now.AddHours(-1), now.AddHours(1), [2]);
        return signed.CopyWithPrivateKey(key);
    }

    private static async Task<WebApplication> ServeAsync(X509Certificate2 certificate, X509Certificate2Collection? chain = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(options =>
        {
            options.ServerCertificate = certificate;
            options.ServerCertificateChain = chain;
        })));
        WebApplication server = builder.Build();
        server.Run(static context => context.Response.WriteAsync("yes"));
        await server.StartAsync(Cancellation);
        return server;
    }
}
