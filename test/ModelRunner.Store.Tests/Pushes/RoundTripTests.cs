using System.Security.Cryptography.X509Certificates;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Http;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Pushes;
using ModelRunner.Store.Registries.Access;
using ModelRunner.Store.Tests.Layout;
using ModelRunner.Store.Tests.Pulls;
using ModelRunner.Store.Tests.Registries;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Pushes;

/// <summary>Whole models go from one store to a real registry of each kind, and from there to another store, byte by byte.</summary>
public sealed class RoundTripTests : IDisposable
{
    private static readonly RegistryCredential Ann = new("the test") { User = (RegistryUser.Ann.Name, RegistryUser.Ann.Password) };
    private static readonly RegistryCredential AnnOfTokens = new("the test") { User = ("ann", TokenServer.Password) };

    private static readonly MadeArtifact Made = MadeArtifact.Of(
        (MediaTypes.Gguf, MadeArtifact.MakeWeights(3_000_000, seed: 1)), (MediaTypes.Gguf, MadeArtifact.MakeWeights(4, seed: 2)),
        (MediaTypes.Gguf, MadeArtifact.MakeWeights(70_000, seed: 3)), (MediaTypes.License, "MIT"u8.ToArray()));

    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _authority;

    public RoundTripTests() => _authority = new TestCertificates(_folder, "lab authority");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private OutgoingSettings Trusting => new() { AuthorityFile = _authority.AuthorityPath };

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task Plain_http_on_this_machine(string host)
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { HostName = host }, Cancellation);

        await GoAsync(registry.Host, registry.Host);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_own_authority(bool withLogin)
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(
            new RegistrySetup { Tls = _authority, User = withLogin ? RegistryUser.Ann : null }, Cancellation);

        await GoAsync(registry.Host, registry.Host, Trusting, withLogin ? Ann : null);

        await RefusedAsync(registry.Host, PullResult.Network, "CN=lab authority");
        if (withLogin)
            await RefusedAsync(registry.Host, PullResult.Denied, "needs a login", Trusting);
    }

    [Fact]
    public async Task A_user_name_and_a_password()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { User = RegistryUser.Ann }, Cancellation);

        await GoAsync(registry.Host, registry.Host, credential: Ann);

        await RefusedAsync(registry.Host, PullResult.Denied, "needs a login");
    }

    [Theory]
    [InlineData(false, "user name and password")]
    [InlineData(true, "user name and password")]
    [InlineData(true, "refresh token")]
    public async Task A_token_server(bool wantsLogin, string with)
    {
        await using TokenServer tokens = await TokenServer.StartAsync();
        tokens.WantsLogin = wantsLogin;
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tokens = tokens }, Cancellation);

        await GoAsync(
            registry.Host, registry.Host,
            credential: with == "refresh token" ? new RegistryCredential("the test") { IdentityToken = TokenServer.RefreshToken } : AnnOfTokens);

        Assert.Contains(tokens.Requests, static request => request.Scopes.Contains("repository:ai/tiny:pull,push"));
        if (wantsLogin)
            await RefusedAsync(registry.Host, PullResult.Denied, registry.Host);
    }

    /// <summary>The mirror fetches the model itself. It answers each request for a part with the whole file.</summary>
    [Fact]
    public async Task A_mirror_that_fetches_what_it_lacks()
    {
        await using RegistryProcess upstream = await RegistryProcess.StartAsync(cancellation: Cancellation);
        await using RegistryProcess mirror = await RegistryProcess.StartAsync(new RegistrySetup { MirrorOf = upstream.Address }, Cancellation);

        await GoAsync(upstream.Host, mirror.Host);

        // The mirror has it now.
        await upstream.DisposeAsync();
        await PullAsync(mirror.Host);
        Digest weights = Made.Read().Layers[0].Digest;
        await PullAsync(mirror.Host, pulls => StoreFixture.PutPartialAsync(pulls.Store.Folder, Made, 1_000_000));
        Assert.Equal(Made.Files[weights], await File.ReadAllBytesAsync(mirror.DataFileOf(weights.ToString()), Cancellation));
    }

    [Fact]
    public async Task Through_a_proxy_with_a_login()
    {
        using X509Certificate2 certificate = _authority.Server("reg", "reg.example");
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        await using FaultProxy server = await FaultProxy.StartAsync(registry.Address, certificate);
        await using var proxy = new ConnectProxy { Wants = "Basic " + Convert.ToBase64String("ann:p@ss"u8) };
        proxy.Servers["reg.example:443"] = server.Address;
        ProxyRules rules = ProxyRules.FromEnvironment(name => name == "HTTPS_PROXY" ? $"http://ann:p%40ss@{proxy.Address.Authority}" : null);

        await GoAsync("reg.example", "reg.example", Trusting with { Proxies = rules });

        Assert.All(proxy.Requests, static request => Assert.Equal("reg.example:443", request.Target));
        Assert.DoesNotContain(server.Requests, static request => request.Header("Proxy-Authorization") is not null);
    }

    private static async Task GoAsync(string pushHost, string pullHost, OutgoingSettings? outgoing = null, RegistryCredential? credential = null)
    {
        using var store = new StoreFixture(TimeProvider.System);
        ArtifactName name = RegistryFixture.NameIn(pushHost);
        await store.AddAsync(Made, name.ToString());
        using RegistryFixture registry = MakeClient(outgoing, credential);
        var runner = new PushRunner(store.Store);

        PushOutcome pushed = await runner.RunAsync(new Push(Made.Id, name), registry.Client, Cancellation);

        Assert.True(pushed.Result == PushResult.Success, pushed.Message);
        await PullAsync(pullHost, outgoing: outgoing, credential: credential);
    }

    private static async Task PullAsync(
        string host, Func<PullFixture, Task>? before = null, OutgoingSettings? outgoing = null, RegistryCredential? credential = null)
    {
        using var pulls = new PullFixture(registry: MakeClient(outgoing, credential));
        await (before?.Invoke(pulls) ?? Task.CompletedTask);

        PullOutcome pulled = await pulls.PullAsync(RegistryFixture.NameIn(host));

        Assert.True(pulled.Result == PullResult.Success, pulled.Message);
        pulls.AssertHas(Made, $"{host}/ai/tiny:latest");
        Assert.Equal(Made.Manifest, await File.ReadAllBytesAsync(pulls.Store.Folder.ManifestOf(Made.Id), Cancellation));
    }

    // Without that, the registry would not be of its kind.
    private static async Task RefusedAsync(string host, PullResult result, string text, OutgoingSettings? outgoing = null)
    {
        using var pulls = new PullFixture(registry: MakeClient(outgoing, null));

        PullOutcome refused = await pulls.PullAsync(RegistryFixture.NameIn(host));

        Assert.True(refused.Result == result, $"{refused.Result}: {refused.Message}");
        Assert.Contains(text, refused.Message, StringComparison.Ordinal);
        pulls.AssertListsNothing();
    }

    private static RegistryFixture MakeClient(OutgoingSettings? outgoing, RegistryCredential? credential) => new(outgoing, credentials: _ => credential);
}
