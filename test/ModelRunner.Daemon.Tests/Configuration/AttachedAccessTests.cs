using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class AttachedAccessTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void All_members_are_optional_and_the_name_is_the_model_as_written()
    {
        AttachedRunnerSettings runner = Read("\"model\": \"Org/Model\"");

        Assert.Equal(("org/model:latest", "Org/Model", "/metrics", null), (runner.Model, runner.ModelName, runner.MetricsPath, runner.Tls));
        Assert.Empty(runner.Headers);
    }

    [Fact]
    public void A_key_comes_from_a_file_or_from_a_variable()
    {
        _fixture.Folder.Write("key", "  s3cret\n");
        Assert.Equal([new("Authorization", "Bearer s3cret")], Read("""  "model": "m", "apiKeyFile": "key" """).Headers);

        _fixture.Environment["VLLM_KEY"] = "other";
        Assert.Equal([new("Authorization", "Bearer other")], Read(""" "model": "m", "apiKeyVariable": "VLLM_KEY" """).Headers);
    }

    [Fact]
    public void All_members_are_read()
    {
        string authority = Authority();
        _fixture.Folder.Write("ca.pem", authority);
        AttachedRunnerSettings runner = Read(
            """
            "model": "m", "modelName": "Qwen/Qwen3-8B", "headers": { "X-Org": "lab 7", "Authorization": "Basic eA==" },
            "metricsPath": "/api/metrics", "tls": { "caFile": "ca.pem" }
            """);

        Assert.Equal(("Qwen/Qwen3-8B", "/api/metrics"), (runner.ModelName, runner.MetricsPath));
        Assert.Equal([new("X-Org", "lab 7"), new("Authorization", "Basic eA==")], runner.Headers);
        Assert.Equal(new AttachedTlsSettings(authority, IsVerified: true), runner.Tls);
        Assert.Equal(new AttachedTlsSettings(null, IsVerified: false), Read(""" "model": "m", "tls": { "verify": false } """).Tls);
    }

    [Fact]
    public void A_server_is_another_one_after_its_authorities_change()
    {
        const string Members = """ "model": "m", "tls": { "caFile": "ca.pem" } """;
        _fixture.Folder.Write("ca.pem", Authority());
        AttachedRunnerSettings first = Read(Members);
        Assert.True(Read(Members).IsSameAs(first));

        _fixture.Folder.Write("ca.pem", Authority());

        Assert.False(Read(Members).IsSameAs(first));
    }

    [Theory]
    [InlineData("missing", "does not exist")]
    [InlineData(".", "is a folder")]
    [InlineData("pipe", "is not a regular file")]
    [InlineData("/dev/zero", "is not a regular file")]
    [InlineData("large", "has 1048577 bytes, more than the limit of 1048576")]
    [InlineData("empty", "holds no PEM certificate, or a damaged one")]
    [InlineData("text", "holds no PEM certificate, or a damaged one")]
    [InlineData("damaged", "holds no PEM certificate, or a damaged one")]
    public async Task A_file_without_authorities_is_refused_and_never_waited_for(string name, string problem)
    {
        _fixture.Folder.Write("empty", "");
        _fixture.Folder.Write("text", "not a certificate");
        _fixture.Folder.Write("damaged", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        _fixture.Folder.Write("large", Authority().PadRight((1024 * 1024) + 1, '\n'));
        _fixture.Folder.MakePipe("pipe");
        _fixture.File = Runner($$""" "model": "m", "tls": { "caFile": "{{name}}" } """);

        string problems = await Task.Run(_fixture.Problem).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Contains(
            $"runners[0].tls.caFile: \"{name}\" {problem}; name a readable PEM file with the certificates of the authorities.", problems, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(""" "apiKeyFile": "missing" """, "runners[0].apiKeyFile: \"missing\" does not exist;")]
    [InlineData(""" "apiKeyFile": "empty" """, "runners[0].apiKeyFile: does not hold a key;")]
    [InlineData(""" "apiKeyFile": "long" """, "runners[0].apiKeyFile: \"long\" has 5000 bytes, more than the limit of 4098;")]
    [InlineData(""" "apiKeyVariable": "NO_SUCH" """, "runners[0].apiKeyVariable: \"NO_SUCH\" is not set in the environment;")]
    [InlineData(""" "apiKeyVariable": "BAD_KEY" """, "runners[0].apiKeyVariable: does not hold a key;")]
    [InlineData(""" "apiKeyFile": "good", "headers": { "authorization": "x" } """, "runners[0]: has more than one key;")]
    [InlineData(""" "headers": { "Content-Length": "1" } """, "\"Content-Length\" is a header that the daemon sets itself;")]
    [InlineData(""" "headers": { "a b": "1" } """, "\"a b\" is not the name of a header;")]
    [InlineData(""" "headers": { "X": "a\r\nY: b" } """, "runners[0].headers.X: cannot be the value of a header;")]
    [InlineData(""" "headers": { "X": 1 } """, "runners[0].headers.X: is a number;")]
    [InlineData(""" "headers": [] """, "runners[0].headers: is a list;")]
    [InlineData(""" "metricsPath": "metrics" """, "\"metrics\" is not the path of a page;")]
    [InlineData(""" "metricsPath": "//host/metrics" """, "\"//host/metrics\" is not the path of a page;")]
    [InlineData(""" "tls": { "caFile": "a", "verify": false } """, "runners[0].tls: has a caFile that would not be used;")]
    [InlineData(""" "tls": { "ca": "a" } """, "runners[0].tls.ca: is not a known key;")]
    [InlineData(""" "endpoint": "http://127.0.0.1:1", "tls": {} """, "runners[0].tls: has no effect without an https endpoint;")]
    [InlineData(""" "endpoint": "unix:/run/x.sock", "tls": {} """, "runners[0].tls: has no effect without an https endpoint;")]
    [InlineData(""" "apiKeyFile": "." """, "runners[0].apiKeyFile: \".\" is a folder;")]
    [InlineData(""" "modelName": "" """, "cannot be the name of a model;")]
    [InlineData(""" "modelNam": "x" """, "runners[0].modelNam: is not a known key; did you mean")]
    public void Problems_are_reported_without_showing_a_key(string members, string problem)
    {
        _fixture.Folder.Write("empty", "\n");
        _fixture.Folder.Write("good", "s3cret");
        _fixture.Folder.Write("long", new string('k', 5000));
        _fixture.Environment["BAD_KEY"] = "s3cret with spaces";
        _fixture.File = Runner($"\"model\": \"m\", {members}");

        string problems = _fixture.Problem();

        Assert.Contains(problem, problems, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", problems, StringComparison.Ordinal);
    }

    [Fact]
    public void An_endpoint_with_TLS_is_refused_without_OpenSSL()
    {
        _fixture.HasOpenSsl = false;
        _fixture.File = Runner("\"model\": \"a\"");

        Assert.EndsWith(
            "\"https://gpu:8443\" needs TLS, and this system has no OpenSSL; install OpenSSL's library "
            + "(the package libssl3 on Debian and Ubuntu, openssl-libs on Fedora).",
            _fixture.Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_endpoint_without_TLS_needs_no_OpenSSL()
    {
        _fixture.HasOpenSsl = false;

        Assert.Equal("http", Read("\"model\": \"a\", \"endpoint\": \"http://gpu:8080\"").Address?.Scheme);
    }

    private static string Authority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(90));
        return certificate.ExportCertificatePem();
    }

    private AttachedRunnerSettings Read(string members)
    {
        _fixture.File = Runner(members);
        return Assert.Single(_fixture.Settings().AttachedRunners);
    }

    private static string Runner(string members)
    {
        string endpoint = members.Contains("\"endpoint\"", StringComparison.Ordinal) ? "" : "\"endpoint\": \"https://gpu:8443\", ";
        return $$"""{ "runners": [ { "backend": "x", "mode": "completion", {{endpoint}} {{members}} } ] }""";
    }
}
