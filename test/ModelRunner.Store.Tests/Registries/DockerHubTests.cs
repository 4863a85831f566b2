using System.Security.Cryptography.X509Certificates;
using ModelRunner.Store.Http;
using ModelRunner.Store.Names;
using ModelRunner.Store.Registries;
using ModelRunner.Store.Registries.Access;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Registries;

/// <summary>Docker Hub, which is a real registry of the test behind a proxy, and its mirrors.</summary>
public sealed class DockerHubTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly ConnectProxy _proxy = new();
    private readonly RegistryModel _model = RegistryModel.Make(10_000);
    private TestCertificates _authority = null!;
    private X509Certificate2 _certificate = null!;
    private RegistryProcess _registry = null!;
    private FaultProxy _hub = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static ArtifactName Name => ArtifactNameParser.Parse("tiny");

    private OutgoingSettings Outgoing => new()
    {
        AuthorityFile = _authority.AuthorityPath,
        Proxies = ProxyRules.FromEnvironment(name => name == "HTTPS_PROXY" ? _proxy.Address.AbsoluteUri : null),
    };

    public async ValueTask InitializeAsync()
    {
        _authority = new TestCertificates(_folder);
        _certificate = _authority.Server("hub", "registry-1.docker.io", "mirror.example", "evil.example");
        _registry = await RegistryProcess.StartAsync(new RegistrySetup { User = RegistryUser.Ann }, Cancellation);
        await _model.PushAsync(_registry, Cancellation);
        _hub = await FaultProxy.StartAsync(_registry.Address, _certificate);
        _proxy.Servers["registry-1.docker.io:443"] = _hub.Address;
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _proxy.DisposeAsync();
        await _registry.DisposeAsync();
        _certificate.Dispose();
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Docker_Hub_is_asked_at_the_host_of_its_API()
    {
        using var fixture = new RegistryFixture(Outgoing, credentials: Login);

        RegistryManifest manifest = await fixture.Client.GetManifestAsync(Name, Cancellation);

        Assert.Equal(_model.ManifestDigest, manifest.Digest.ToString());
        Assert.Equal("registry-1.docker.io:443", Assert.Single(_proxy.Requests).Target);
    }

    [Fact]
    public async Task A_mirror_is_asked_first_and_no_other_server()
    {
        await using RegistryProcess open = await RegistryProcess.StartAsync(cancellation: Cancellation);
        await _model.PushAsync(open, Cancellation);
        await using FaultProxy mirror = await FaultProxy.StartAsync(open.Address);
        using var fixture = new RegistryFixture(Outgoing, new RegistrySettings { DockerHubMirrors = [mirror.Address] }, Login);

        await fixture.Client.GetManifestAsync(Name, Cancellation);
        (_, byte[] bytes) = await fixture.ReadAsync(Name, new BlobRequest(ContentHash.Of(_model.Layer)));

        Assert.Equal(_model.Layer, bytes);
        Assert.Equal(2, mirror.Requests.Count);
        Assert.Empty(_hub.Requests);
    }

    /// <summary>The mirror wants credentials. It could be anybody's.</summary>
    [Fact]
    public async Task A_mirror_never_gets_the_credentials_of_Docker_Hub()
    {
        await using FaultProxy mirror = await FaultProxy.StartAsync(_registry.Address, _certificate);
        _proxy.Servers["mirror.example:443"] = mirror.Address;
        using var credentials = new RegistryCredentials(
            name => name switch { "DOCKER_USERNAME" => RegistryUser.Ann.Name, "DOCKER_PASSWORD" => RegistryUser.Ann.Password, _ => null },
            _folder.Path, static _ => { }, TimeProvider.System);
        using var outgoing = new OutgoingClient(Outgoing, TimeProvider.System);
        var notices = new List<string>();
        var client = new RegistryClient(
            outgoing, Outgoing, new RegistrySettings { DockerHubMirrors = [new Uri("https://mirror.example/")], Notify = notices.Add }, credentials.FindAsync,
            TimeProvider.System);

        await client.GetManifestAsync(Name, Cancellation);

        Assert.Null(Assert.Single(mirror.Requests).Header("Authorization"));
        Assert.NotNull(_hub.Requests[^1].Header("Authorization"));
        Assert.StartsWith("the mirror mirror.example is passed over: ", Assert.Single(notices), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mirrors_are_asked_in_order_with_their_path_and_can_be_skipped()
    {
        await using FaultProxy first = await FaultProxy.StartAsync(_registry.Address);
        await using FaultProxy second = await FaultProxy.StartAsync(_registry.Address);
        first.Add(new RegistryFault(FaultKind.Html) { Path = "/" });
        second.Add(new RegistryFault(FaultKind.Status) { Path = "/", Status = System.Net.HttpStatusCode.NotFound });
        var settings = new RegistrySettings { DockerHubMirrors = [new Uri(first.Address, "a/b"), second.Address] };
        using var fixture = new RegistryFixture(Outgoing, settings, Login);
        Digest layer = ContentHash.Of(_model.Layer);

        await fixture.ReadAsync(Name, new BlobRequest(layer));
        await fixture.ReadAsync(Name, new BlobRequest(layer) { SkipMirrors = true });

        Assert.Equal($"/a/b/v2/ai/tiny/blobs/{layer}", Assert.Single(first.Requests).Target);
        Assert.Equal($"/v2/ai/tiny/blobs/{layer}", Assert.Single(second.Requests).Target);
        Assert.Equal(2, fixture.Notices.Count);
    }

    [Fact]
    public async Task A_mirror_that_does_not_answer_is_left_alone_for_a_minute()
    {
        await using RegistryProcess open = await RegistryProcess.StartAsync(cancellation: Cancellation);
        await _model.PushAsync(open, Cancellation);
        await using FaultProxy mirror = await FaultProxy.StartAsync(open.Address);
        mirror.Add(new RegistryFault(FaultKind.Status) { Path = "/" });
        var clock = new MovableClock();
        using var fixture = new RegistryFixture(Outgoing, new RegistrySettings { DockerHubMirrors = [mirror.Address] }, Login, clock);

        await fixture.Client.GetManifestAsync(Name, Cancellation);
        await fixture.Client.GetManifestAsync(Name, Cancellation);
        Assert.Single(mirror.Requests);
        mirror.Clear();
        clock.Advance(TimeSpan.FromSeconds(61));
        await fixture.Client.GetManifestAsync(Name, Cancellation);

        Assert.Equal(2, mirror.Requests.Count);
        Assert.Single(fixture.Notices);
    }

    [Fact]
    public async Task Another_registry_has_no_mirrors()
    {
        await using FaultProxy mirror = await FaultProxy.StartAsync(_registry.Address);
        using var fixture = new RegistryFixture(Outgoing, new RegistrySettings { DockerHubMirrors = [mirror.Address] });

        await Assert.ThrowsAsync<RemoteException>(() => fixture.Client.GetManifestAsync(RegistryFixture.NameIn(_registry.Host), Cancellation));

        Assert.Empty(mirror.Requests);
    }

    private static RegistryCredential? Login(string host) => host == ArtifactName.DockerHub
        ? new RegistryCredential("the test") { User = (RegistryUser.Ann.Name, RegistryUser.Ann.Password) }
        : null;
}
