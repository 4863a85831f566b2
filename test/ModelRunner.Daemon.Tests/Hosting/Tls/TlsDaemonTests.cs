using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting.Tls;

/// <summary>A daemon as a process whose port has TLS.</summary>
public sealed class TlsDaemonTests : IDisposable
{
    private const string Chat = """{"model":"tiny-chat","messages":[],"max_tokens":20,"stream":true}""";

    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _authority;

    public TlsDaemonTests() => _authority = new TestCertificates(_folder);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(SslProtocols.Tls12, "1.1")]
    [InlineData(SslProtocols.Tls13, "1.1")]
    [InlineData(SslProtocols.Tls13, "2.0")]
    public async Task It_streams_over_each_version(SslProtocols protocol, string http)
    {
        await using DaemonFixture daemon = await StartAsync(WriteServer("server"));
        using HttpClient client = Connect(daemon, options => options.EnabledSslProtocols = protocol);
        client.DefaultRequestVersion = Version.Parse(http);
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;

        using var content = new StringContent(Chat, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), content, Cancellation);

        Assert.Equal(Uri.UriSchemeHttps, daemon.TcpAddress.Scheme);
        Assert.Equal(Version.Parse(http), response.Version);
        Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        string page = await client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
        Assert.Contains("\nmodel_runner_tls_certificate_expiry_timestamp_seconds 1", page, StringComparison.Ordinal);
        Assert.Contains("\nmodel_runner_tokens_total{backend=\"llama.cpp\",model=\"tiny-chat:latest\",mode=\"completion\",type=\"generated\"} 20\n", page,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_without_TLS_gets_an_error_that_says_so()
    {
        await using DaemonFixture daemon = await StartAsync(WriteServer("server"));
        using var client = new HttpClient();

        using HttpResponseMessage response = await client.GetAsync(new Uri($"http://{daemon.TcpAddress.Authority}/v1/models"), Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("use https:// instead of http://", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_leaves_in_a_stream_ends_the_request()
    {
        await using DaemonFixture daemon = await StartAsync(WriteServer("server"), """{"token_delay_ms": 50}""");
        using (HttpClient client = Connect(daemon))
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
            {
                Content = new StringContent(Chat.Replace("20", "2000", StringComparison.Ordinal), Encoding.UTF8, "application/json"),
            };
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
            await using Stream stream = await response.Content.ReadAsStreamAsync(Cancellation);
            Assert.NotEqual(0, await stream.ReadAsync(new byte[100], Cancellation));
        }

        await daemon.WaitForPageAsync("outcome=\"client_closed\"");
    }

    [Fact]
    public async Task A_renewed_certificate_is_used_for_new_connections_and_old_ones_stay()
    {
        (string certificate, string key) = WriteServer("first");
        await using DaemonFixture daemon = await StartAsync((certificate, key));
        string subject = "";
        using HttpClient old = Connect(daemon);
        Assert.True((await old.GetAsync(new Uri("health", UriKind.Relative), Cancellation)).IsSuccessStatusCode);

        WriteServer("second");
        await DaemonFixture.WaitUntilAsync(
            async () =>
            {
                using HttpClient client = Connect(daemon, options => options.RemoteCertificateValidationCallback = (_, shown, _, _) =>
                {
                    subject = shown!.Subject;
                    return shown.Issuer == "CN=ca";
                });
                await client.GetStringAsync(new Uri("health", UriKind.Relative), Cancellation);
                return subject == "CN=second";
            },
            DaemonFixture.Patience);

        Assert.True((await old.GetAsync(new Uri("health", UriKind.Relative), Cancellation)).IsSuccessStatusCode);
    }

    [Fact]
    public async Task The_metrics_page_accepts_a_client_certificate_instead_of_a_key_and_nothing_else_does()
    {
        using var strangers = new TestCertificates(_folder, "strangers");
        (string certificate, string key) = WriteServer("server");
        await using DaemonFixture daemon = await StartAsync((certificate, key), extra: new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["MODEL_RUNNER_API_KEY"] = "secret", ["MODEL_RUNNER_TLS_METRICS_CLIENTS"] = _authority.AuthorityPath,
        });
        using X509Certificate2 scraper = _authority.Client("scraper");
        using X509Certificate2 stranger = strangers.Client("stranger");

        // A certificate for servers does not identify a client.
        using X509Certificate2 server = _authority.Server("server");

        Assert.Equal((200, 401), await StatusOfAsync(scraper));
        Assert.Equal((401, 401), await StatusOfAsync(stranger));
        Assert.Equal((401, 401), await StatusOfAsync(server));
        Assert.Equal((401, 401), await StatusOfAsync(null));

        async Task<(int Metrics, int Models)> StatusOfAsync(X509Certificate2? shown)
        {
            using HttpClient client = Connect(daemon, options => options.LocalCertificateSelectionCallback = (_, _, _, _, _) => shown!);
            using HttpResponseMessage metrics = await client.GetAsync(new Uri("metrics", UriKind.Relative), Cancellation);
            using HttpResponseMessage models = await client.GetAsync(new Uri("v1/models", UriKind.Relative), Cancellation);
            return ((int)metrics.StatusCode, (int)models.StatusCode);
        }
    }

    [Fact]
    public async Task Commands_trust_the_authority_of_a_daemon_that_made_its_own()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true, Arguments = ["--tls-auto"] });

        (int exitCode, string output, string error) = await daemon.RunClientAsync(
            daemon.FolderPath, "ls", "--host", $"https://localhost:{daemon.TcpAddress.Port}");
        (int other, _, string otherError) = await daemon.RunClientAsync(
            daemon.FolderPath, "ls", "--host", $"http://localhost:{daemon.TcpAddress.Port}");

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains("tiny-chat:latest", output, StringComparison.Ordinal);
        Assert.NotEqual(0, other);
        Assert.Contains("use https://", otherError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_files_that_cannot_be_used_are_reported_with_their_options()
    {
        (string certificate, string key) = WriteServer("server");
        using var other = new TestCertificates(_folder, "other");
        using X509Certificate2 stranger = other.Server("stranger");
        string foreignKey = other.Write(stranger, "stranger").Key;
        string garbage = _folder.Write("garbage", "x");

        await AssertProblemsAsync(certificate, null, null, $"MODEL_RUNNER_TLS_CERTIFICATE: \"{certificate}\" does not contain the private key of its first certificate, without a password; set tls.key to the file of the key.");
        await AssertProblemsAsync(certificate, foreignKey, garbage,
            $"MODEL_RUNNER_TLS_KEY: \"{foreignKey}\" does not contain the private key of the first certificate in {certificate}, without a password; "
            + "write the key that belongs to the certificate.",
            $"MODEL_RUNNER_TLS_METRICS_CLIENTS: \"{garbage}\" does not contain a certificate in PEM; name a PEM file with a block \"BEGIN CERTIFICATE\".");
        await AssertProblemsAsync(_folder.PathOf("nope.pem"), key, null,
            $"MODEL_RUNNER_TLS_CERTIFICATE: \"{_folder.PathOf("nope.pem")}\" cannot be read: Could not find file '{_folder.PathOf("nope.pem")}'; name a PEM file that this user can read.");

        static async Task AssertProblemsAsync(string certificatePath, string? keyPath, string? clientsPath, params string[] expected)
        {
            (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup
            {
                HasTcp = true,
                Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
                {
                    ["MODEL_RUNNER_TLS_CERTIFICATE"] = certificatePath, ["MODEL_RUNNER_TLS_KEY"] = keyPath, ["MODEL_RUNNER_TLS_METRICS_CLIENTS"] = clientsPath,
                },
            });

            Assert.Equal(2, exitCode);
            Assert.Equal(expected.Select(static line => $"model-runner: {line}"), error.Trim().Split('\n'));
        }
    }

    [Fact]
    public async Task Clients_that_send_no_handshake_do_not_disturb_others()
    {
        await using DaemonFixture daemon = await StartAsync(WriteServer("server"));
        var silent = new List<TcpClient>();
        try
        {
            byte[][] beginnings = [[], [0x16], [0x16, 3, 1, 0xFF, 0xFF, 1], [0, 0, 0, 0], Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n")];
            foreach (byte[] beginning in Enumerable.Repeat(beginnings, 20).SelectMany(static each => each))
            {
                var client = new TcpClient();
                silent.Add(client);
                await client.ConnectAsync(IPAddress.Loopback, daemon.TcpAddress.Port, Cancellation);
                await client.GetStream().WriteAsync(beginning, Cancellation);
            }

            using HttpClient good = Connect(daemon);
            Assert.True((await good.GetAsync(new Uri("health", UriKind.Relative), Cancellation)).IsSuccessStatusCode);
        }
        finally
        {
            silent.ForEach(static client => client.Dispose());
        }
    }

    private HttpClient Connect(DaemonFixture daemon, Action<System.Net.Security.SslClientAuthenticationOptions>? change = null) =>
        new(TestCertificates.Trusting(_authority.AuthorityPath, change)) { BaseAddress = daemon.TcpAddress };

    private (string Certificate, string Key) WriteServer(string commonName)
    {
        using X509Certificate2 certificate = _authority.Server(commonName);
        return _authority.Write(certificate, "server");
    }

    private static Task<DaemonFixture> StartAsync(
        (string Certificate, string Key) files, string? faults = null, IReadOnlyDictionary<string, string?>? extra = null)
    {
        var variables = new Dictionary<string, string?>(extra ?? new Dictionary<string, string?>(StringComparer.Ordinal), StringComparer.Ordinal)
        {
            ["MODEL_RUNNER_TLS_CERTIFICATE"] = files.Certificate, ["MODEL_RUNNER_TLS_KEY"] = files.Key,
        };
        var setup = new DaemonSetup { HasTcp = true, Environment = variables };
        return DaemonFixture.StartAsync(faults is null ? setup : setup.WithFaults(faults));
    }
}
