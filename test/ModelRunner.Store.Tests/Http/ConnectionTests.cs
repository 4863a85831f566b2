using System.Security.Cryptography.X509Certificates;
using ModelRunner.Store.Http;
using ModelRunner.Store.Registries;
using ModelRunner.Store.Tests.Registries;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Http;

/// <summary>TLS, plain http and proxies.</summary>
public sealed class ConnectionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _authority;

    public ConnectionTests() => _authority = new TestCertificates(_folder, "lab authority");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task A_registry_on_this_machine_may_speak_TLS(string host)
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tls = _authority, HostName = host }, Cancellation);
        RegistryModel model = RegistryModel.Make(1000);
        await model.PushAsync(registry, Cancellation);
        using var fixture = new RegistryFixture(new OutgoingSettings { AuthorityFile = _authority.AuthorityPath });

        RegistryManifest manifest = await fixture.Client.GetManifestAsync(RegistryFixture.NameIn(registry.Host), Cancellation);

        Assert.Equal(model.ManifestDigest, manifest.Digest.ToString());
        Assert.DoesNotContain("TLS handshake error", registry.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_authority_is_named_and_plain_http_is_no_way_around_it()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tls = _authority }, Cancellation);
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Client.GetManifestAsync(RegistryFixture.NameIn(registry.Host), Cancellation));

        Assert.Equal(RemoteReason.Untrusted, failure.Reason);
        Assert.StartsWith(
            $"the server {registry.Host} is not trusted: its certificate was issued by \"CN=lab authority\", which this system does not trust; ",
            failure.Message, StringComparison.Ordinal);
        Assert.Contains("registries.caFile", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("HTTP request to an HTTPS server", registry.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tls = _authority }, Cancellation);
        await using var proxy = new ConnectProxy();
        proxy.Servers["reg.example:443"] = registry.Address;
        using var fixture = new RegistryFixture(new OutgoingSettings { AuthorityFile = _authority.AuthorityPath, Proxies = Through(proxy) });

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Client.GetManifestAsync(RegistryFixture.NameIn("reg.example"), Cancellation));

        Assert.Equal(RemoteReason.Untrusted, failure.Reason);
        Assert.Contains("issued by \"CN=lab authority\" for another name, \"CN=registry\"", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "has no certificate in PEM form")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read")]
    [InlineData(null, "cannot be read")]
    public void A_file_of_authorities_that_is_none_is_told(string? content, string problem)
    {
        string path = content is null ? _folder.PathOf("missing.pem") : _folder.Write("other.pem", content);

        RemoteException failure = Assert.Throws<RemoteException>(
            () => new OutgoingClient(new OutgoingSettings { AuthorityFile = path }, TimeProvider.System));

        Assert.Contains(problem, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_http_is_for_listed_hosts()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        await RegistryModel.Make(1000).PushAsync(registry, Cancellation);
        await using FaultProxy forward = await FaultProxy.StartAsync(registry.Address);
        ProxyRules proxies = ProxyRules.FromEnvironment(name => name == "HTTP_PROXY" ? forward.Address.AbsoluteUri : null);
        using var listed = new RegistryFixture(new OutgoingSettings { Proxies = proxies, PlainHttpHosts = ["reg.invalid:5000"] });
        using var other = new RegistryFixture(new OutgoingSettings { Proxies = proxies, PlainHttpHosts = ["reg.invalid"] });

        await listed.Client.GetManifestAsync(RegistryFixture.NameIn("reg.invalid:5000"), Cancellation);
        int asked = forward.Requests.Count;
        await Assert.ThrowsAsync<RemoteException>(() => other.Client.GetManifestAsync(RegistryFixture.NameIn("reg.invalid:5000"), Cancellation));
        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => other.Outgoing.SendAsync(
            new OutgoingRequest(HttpMethod.Get, new Uri("http://reg.invalid:5000/v2/")), Cancellation));

        Assert.Equal(1, asked);
        Assert.Equal(RemoteReason.PlainHttp, failure.Reason);
        Assert.Single(forward.Requests);
    }

    [Fact]
    public async Task A_tunnel_through_a_proxy_has_the_credentials_of_the_proxy()
    {
        using X509Certificate2 certificate = _authority.Server("reg", "reg.example");
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        RegistryModel model = RegistryModel.Make(1000);
        await model.PushAsync(registry, Cancellation);
        await using FaultProxy server = await FaultProxy.StartAsync(registry.Address, certificate);
        await using var proxy = new ConnectProxy { Wants = "Basic " + Convert.ToBase64String("ann:p@ss"u8) };
        proxy.Servers["reg.example:443"] = server.Address;
        ProxyRules rules = ProxyRules.FromEnvironment(
            name => name == "HTTPS_PROXY" ? $"http://ann:p%40ss@{proxy.Address.Authority}" : null);
        using var fixture = new RegistryFixture(new OutgoingSettings { AuthorityFile = _authority.AuthorityPath, Proxies = rules });

        RegistryManifest manifest = await fixture.Client.GetManifestAsync(RegistryFixture.NameIn("reg.example"), Cancellation);

        Assert.Equal(model.ManifestDigest, manifest.Digest.ToString());
        Assert.DoesNotContain(server.Requests, static request => request.Header("Proxy-Authorization") is not null);
    }

    [Fact]
    public async Task A_proxy_that_refuses_is_named_without_its_password()
    {
        await using var proxy = new ConnectProxy();
        ProxyRules rules = ProxyRules.FromEnvironment(name => name == "HTTPS_PROXY" ? $"http://ann:h1dden@{proxy.Address.Authority}" : null);
        using var fixture = new RegistryFixture(new OutgoingSettings { Proxies = rules });

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Client.GetManifestAsync(RegistryFixture.NameIn("reg.example"), Cancellation));

        Assert.Equal(RemoteReason.ProxyFailed, failure.Reason);
        Assert.Contains($"through the proxy http://{proxy.Address.Authority}", failure.Message, StringComparison.Ordinal);
        Assert.Contains("502", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("h1dden", failure.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP_PROXY", "http://reg.invalid/v2/")]
    [InlineData("HTTPS_PROXY", "https://reg.invalid/v2/")]
    public async Task A_proxy_that_wants_a_login_is_named(string variable, string address)
    {
        await using LoopbackServer proxy = await LoopbackServer.StartAsync(static context =>
        {
            context.Response.StatusCode = 407;
            context.Response.Headers.ProxyAuthenticate = "Basic realm=\"proxy\"";
            return Task.CompletedTask;
        });
        ProxyRules rules = ProxyRules.FromEnvironment(name => name == variable ? proxy.Address.AbsoluteUri : null);
        using var fixture = new RegistryFixture(new OutgoingSettings { Proxies = rules, PlainHttpHosts = ["reg.invalid"] });

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Outgoing.SendAsync(new OutgoingRequest(HttpMethod.Get, new Uri(address)), Cancellation));

        Assert.Equal(RemoteReason.ProxyFailed, failure.Reason);
        Assert.Contains(proxy.Address.Authority, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_to_another_server_can_be_the_response()
    {
        await using LoopbackServer far = await LoopbackServer.StartAsync(static _ => throw new InvalidOperationException("It was asked."));
        await using LoopbackServer near = await LoopbackServer.StartAsync(context =>
        {
            bool isFirst = context.Request.Path == "/old";
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = isFirst ? "/new" : far.Address.AbsoluteUri;
            context.Response.Headers["X-Linked-Size"] = isFirst ? "1" : "2";
            return Task.CompletedTask;
        });
        using var fixture = new RegistryFixture();
        var request = new OutgoingRequest(HttpMethod.Head, new Uri(near.Address, "old")) { ReturnsForeignRedirects = true };

        using OutgoingResponse response = await fixture.Outgoing.SendAsync(request, Cancellation);

        Assert.Equal(("2", "/new", false), (response.Header("X-Linked-Size"), response.Address.AbsolutePath, response.LeftOrigin));
        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Outgoing.SendAsync(request with { ReturnsForeignRedirects = false, StaysAtOrigin = true }, Cancellation));
        Assert.Equal(RemoteReason.BadRedirect, failure.Reason);
    }

    [Fact]
    public async Task A_host_without_an_address_is_told()
    {
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Client.GetManifestAsync(RegistryFixture.NameIn("no-such-host.invalid"), Cancellation));

        Assert.Equal(RemoteReason.Unreachable, failure.Reason);
        Assert.Contains("no-such-host.invalid", failure.Message, StringComparison.Ordinal);
    }

    private static ProxyRules Through(ConnectProxy proxy) =>
        ProxyRules.FromEnvironment(name => name == "HTTPS_PROXY" ? proxy.Address.AbsoluteUri : null);
}
