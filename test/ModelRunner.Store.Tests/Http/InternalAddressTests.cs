using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using ModelRunner.Store.Http;
using ModelRunner.Store.Registries;
using ModelRunner.Store.Registries.Access;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Http;

/// <summary>
/// A server on the internet that leads to one of this network. The first one is behind a proxy, so that it has no internal address; the other one is
/// asked directly, and its name resolves to this machine.
/// </summary>
public sealed class InternalAddressTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly ConnectProxy _proxy = new();
    private readonly ConcurrentQueue<string> _seen = new();
    private TestCertificates _authority = null!;
    private X509Certificate2 _certificate = null!;
    private LoopbackServer _far = null!;
    private LoopbackServer _near = null!;
    private OutgoingClient _client = null!;
    private Uri _target = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Uri Near => new($"https://near.example:{_near.Address.Port}/file");

    public async ValueTask InitializeAsync()
    {
        _authority = new TestCertificates(_folder);
        _certificate = _authority.Server("near", "near.example", "lan.example", "reg.example");
        _near = await LoopbackServer.StartAsync(
            context =>
            {
                _seen.Enqueue(context.Request.Host.Host);
                if (context.Request.Path != "/file")
                    context.Response.Redirect(_target.AbsoluteUri);
                return Task.CompletedTask;
            },
            _certificate);
        _far = await LoopbackServer.StartAsync(
            context =>
            {
                context.Response.Redirect(_target.AbsoluteUri);
                return Task.CompletedTask;
            },
            _certificate);
        _proxy.Servers["reg.example:443"] = _far.Address;
        _target = Near;
        var settings = new OutgoingSettings
        {
            AuthorityFile = _authority.AuthorityPath,
            Proxies = ProxyRules.FromEnvironment(name => name switch
            {
                "HTTPS_PROXY" => _proxy.Address.AbsoluteUri,
                "NO_PROXY" => "near.example,lan.example",
                _ => null,
            }),
        };
        _client = new OutgoingClient(settings, TimeProvider.System, static (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _far.DisposeAsync();
        await _near.DisposeAsync();
        await _proxy.DisposeAsync();
        _certificate.Dispose();
        _authority.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_name_that_resolves_to_an_internal_address_is_not_asked(bool hasConnection)
    {
        // A connection that stands is not looked up again.
        if (hasConnection)
            (await _client.SendAsync(new OutgoingRequest(HttpMethod.Get, Near), Cancellation)).Dispose();

        RemoteException failure = await RefusedAsync(new OutgoingRequest(HttpMethod.Get, new Uri("https://reg.example/v2/")));

        Assert.StartsWith(
            $"reg.example leads to near.example:{_near.Address.Port}, which is in an internal network; ", failure.Message, StringComparison.Ordinal);
        Assert.Equal(hasConnection ? 1 : 0, _seen.Count);
    }

    [Theory]
    [InlineData("https://127.0.0.1:{0}/file")]
    [InlineData("https://localhost:{0}/file")]
    [InlineData("https://10.1.2.3/file")]
    [InlineData("https://169.254.169.254/latest")]
    [InlineData("https://[fe80::1]/file")]
    [InlineData("https://[fd12::1]/file")]
    [InlineData("https://[::ffff:192.168.0.1]/file")]
    [InlineData("https://[64:ff9b::a00:1]/file")]
    public async Task An_internal_address_is_not_asked_through_a_proxy_either(string target)
    {
        _target = new Uri(string.Format(System.Globalization.CultureInfo.InvariantCulture, target, _near.Address.Port));

        await RefusedAsync(new OutgoingRequest(HttpMethod.Get, new Uri("https://reg.example/v2/")));

        Assert.Empty(_seen);
        Assert.Equal("reg.example:443", Assert.Single(_proxy.Requests).Target);
    }

    [Fact]
    public async Task A_server_of_this_network_may_lead_to_another_one()
    {
        var request = new OutgoingRequest(HttpMethod.Get, new Uri($"https://lan.example:{_near.Address.Port}/v2/"));

        using OutgoingResponse response = await _client.SendAsync(request, Cancellation);

        Assert.Equal((HttpStatusCode.OK, true), (response.Status, response.LeftOrigin));
        Assert.Equal(["lan.example", "near.example"], _seen);
    }

    [Fact]
    public async Task A_detour_over_the_internet_is_refused_as_well()
    {
        _target = new Uri("https://reg.example/v2/");
        var request = new OutgoingRequest(HttpMethod.Get, new Uri($"https://lan.example:{_near.Address.Port}/v2/"));
        await using LoopbackServer back = await LoopbackServer.StartAsync(
            context =>
            {
                context.Response.Redirect(Near.AbsoluteUri);
                return Task.CompletedTask;
            },
            _certificate);
        _proxy.Servers["reg.example:443"] = back.Address;

        await RefusedAsync(request);

        Assert.Equal(["lan.example"], _seen);
    }

    [Fact]
    public async Task An_address_that_a_registry_names_counts_as_a_redirect()
    {
        var request = new OutgoingRequest(HttpMethod.Get, Near);

        await RefusedAsync(request with { NamedBy = new Uri("https://reg.example/") });
        using OutgoingResponse response = await _client.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.Status);
        Assert.Single(_seen);
    }

    [Fact]
    public async Task A_token_server_whose_name_resolves_to_an_internal_address_is_not_asked()
    {
        var tokens = new TokenClient(_client, new RealmRule([], []), TimeProvider.System);
        var endpoint = new RegistryEndpoint("reg.example", new Uri("https://reg.example/"), IsMirror: false);
        var challenge = new AuthChallenge("bearer", new Dictionary<string, string> { ["realm"] = Near.AbsoluteUri });

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => tokens.GetAsync(endpoint, challenge, RegistryScopes.Pull("ai/tiny"), null, Cancellation));

        Assert.Equal(RemoteReason.BadRedirect, failure.Reason);
        Assert.Empty(_seen);
    }

    private async Task<RemoteException> RefusedAsync(OutgoingRequest request)
    {
        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => _client.SendAsync(request, Cancellation));
        Assert.Equal((RemoteReason.BadRedirect, false), (failure.Reason, failure.IsTransient));
        return failure;
    }
}
