using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class TlsResolverTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Without_options_the_port_has_no_TLS()
    {
        _fixture.File = """{ "port": 8080, "tls": { "auto": false } }""";

        Assert.Null(_fixture.Settings().Listen.Tls);
        Assert.Equal("http", _fixture.Settings().Listen.Scheme);
    }

    [Fact]
    public void Paths_start_at_the_working_directory_and_the_key_may_be_in_the_same_file()
    {
        _fixture.File = """{ "port": 8080, "tls": { "certificate": "c.pem", "metricsClients": "/m.pem" } }""";

        ListenSettings listen = _fixture.Settings().Listen;

        Assert.Equal(new TlsSettings(_fixture.Folder.PathOf("c.pem"), null, null, "/m.pem"), listen.Tls);
        Assert.Equal("https", listen.Scheme);
        Assert.Null(listen.Tls!.AuthorityPath);
    }

    [Fact]
    public void An_authority_of_its_own_is_in_the_state_folder()
    {
        _fixture.Flags["--tls-auto"] = "true";
        _fixture.Environment["MODEL_RUNNER_PORT"] = "8443";

        TlsSettings? tls = _fixture.Settings().Listen.Tls;

        Assert.Equal(new TlsSettings(null, null, "/home/ada/.local/state/model-runner/tls", null), tls);
        Assert.Equal("/home/ada/.local/state/model-runner/tls/authority.pem", tls!.AuthorityPath);
    }

    [Theory]
    [InlineData("""{ "tls": { "auto": true } }""", "tls.auto", "needs a port")]
    [InlineData("""{ "tls": { "certificate": "/c" } }""", "tls.certificate", "needs a port")]
    [InlineData("""{ "port": 1, "tls": { "certificate": "/c", "auto": true } }""", "tls.auto", "excludes a certificate of your own")]
    [InlineData("""{ "port": 1, "tls": { "key": "/k" } }""", "tls.key", "has no certificate")]
    [InlineData("""{ "port": 1, "tls": { "key": "/k", "auto": true } }""", "tls.key", "has no certificate")]
    [InlineData("""{ "port": 1, "tls": { "metricsClients": "/m" } }""", "tls.metricsClients", "needs TLS")]
    [InlineData("""{ "port": 1, "statePath": "none", "tls": { "auto": true } }""", "tls.auto", "needs a state folder")]
    [InlineData("""{ "demo": true, "tls": { "auto": true } }""", "tls.auto", "needs a state folder")]
    public void What_does_not_fit_together_is_refused(string file, string key, string problem)
    {
        _fixture.File = file;

        string found = _fixture.Problem();

        Assert.Contains(key, found, StringComparison.Ordinal);
        Assert.Contains(problem, found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_system_without_OpenSSL_gets_one_sentence()
    {
        _fixture.File = """{ "port": 8080, "tls": { "auto": true } }""";
        _fixture.HasOpenSsl = false;

        Assert.Contains("needs TLS, and this system has no OpenSSL", _fixture.Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_demo_port_can_have_TLS()
    {
        _fixture.File = """{ "demo": true, "statePath": "/state", "tls": { "auto": true } }""";

        Assert.Equal("/state/tls", _fixture.Settings().Listen.Tls!.AuthorityFolder);
    }
}
