using System.Net;
using System.Security.Cryptography.X509Certificates;
using ModelRunner.Store.Http;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Registries;
using ModelRunner.Store.Registries.Access;
using ModelRunner.Store.Tests.Registries;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>
/// Whole pulls from a real registry, with faults in between. Each one ends with all bytes, or with the error that names the fault and with no model in the
/// list. The next pull without the fault finishes, whatever the first one left.
/// </summary>
public sealed class FaultPullTests(SharedRegistry shared) : IClassFixture<SharedRegistry>, IAsyncLifetime
{
    private RegistryProcess _registry = null!;
    private FaultProxy _proxy = null!;

    public static TheoryData<string> Cases => [.. FaultCases.All.Keys];

    private static MadeArtifact Made => FaultCases.Made;

    private static string Weights => Made.Read().Layers[0].Digest.ToString();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private ArtifactName Name => RegistryFixture.NameIn(_proxy.Host);

    public async ValueTask InitializeAsync()
    {
        _registry = await shared.GetAsync();
        _proxy = await FaultProxy.StartAsync(_registry.Address);
    }

    public async ValueTask DisposeAsync()
    {
        if (_proxy is not null)
            await _proxy.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_pull_ends_with_all_bytes_or_a_named_error(string name)
    {
        FaultCase fault = FaultCases.All[name];
        using PullFixture pulls = MakeFixture(fault.MaxTries, fault.Outgoing);
        foreach (RegistryFault part in fault.Faults)
            _proxy.Add(part);

        await CheckAsync(pulls, Name, fault.Result, fault.Text);

        foreach (FaultKind kind in fault.Faults.Select(static part => part.Kind))
            Assert.Contains(_proxy.Requests, request => request.Fault == kind);
    }

    /// <summary>A connection that breaks in the storage is continued there, through a new address that the registry signs.</summary>
    [Theory]
    [InlineData(FaultKind.Cut, 1, nameof(PullResult.Success), "Model pulled successfully")]
    [InlineData(FaultKind.Status, 1, nameof(PullResult.Success), "Model pulled successfully")]
    [InlineData(FaultKind.Status, int.MaxValue, nameof(PullResult.Server), "answered 403")]
    [InlineData(FaultKind.ChangedByte, 1, nameof(PullResult.Success), "Model pulled successfully")]
    [InlineData(FaultKind.ChangedByte, int.MaxValue, nameof(PullResult.WrongBytes), "twice")]
    [InlineData(FaultKind.Html, int.MaxValue, nameof(PullResult.Server), "a web page")]
    public async Task A_storage_with_faults_is_asked_through_the_registry(FaultKind kind, int times, string result, string text)
    {
        await using FaultProxy storage = await FaultProxy.StartAsync(_registry.Address);
        _proxy.Add(new RegistryFault(FaultKind.RedirectTo) { Target = storage.Address });
        storage.Add(new RegistryFault(kind) { Path = Weights, Bytes = 30_000, Times = times, Status = HttpStatusCode.Forbidden });
        using PullFixture pulls = MakeFixture();

        await CheckAsync(pulls, Name, Enum.Parse<PullResult>(result), text, () => storage.Clear());

        // Each attempt asked the registry for an address first.
        Assert.Equal(storage.Requests.Count, _proxy.Requests.Count(static request => request.Fault == FaultKind.RedirectTo));
        if (kind == FaultKind.Cut)
            Assert.Contains(storage.Requests, static request => request.Header("Range") == "bytes=30000-");
    }

    [Fact]
    public async Task A_storage_gets_no_credentials()
    {
        await using RegistryProcess closed = await RegistryProcess.StartAsync(new RegistrySetup { User = RegistryUser.Ann }, Cancellation);
        await SharedRegistry.PushAsync(closed);
        await using FaultProxy registry = await FaultProxy.StartAsync(closed.Address);
        registry.Add(new RegistryFault(FaultKind.RedirectTo) { Target = _proxy.Address });
        using PullFixture pulls = MakeFixture(credentials: static _ =>
            new RegistryCredential("the test") { User = (RegistryUser.Ann.Name, RegistryUser.Ann.Password) });

        Assert.Equal(PullResult.Success, (await pulls.PullAsync(RegistryFixture.NameIn(registry.Host))).Result);

        pulls.AssertHas(Made, $"{registry.Host}/ai/tiny:latest");
        Assert.Contains(registry.Requests, static request => request.Header("Authorization") is not null);
        Assert.Equal(Made.Files.Count, _proxy.Requests.Count);
        Assert.All(_proxy.Requests, static request => Assert.Null(request.Header("Authorization") ?? request.Header("Cookie")));
    }

    [Fact]
    public async Task A_redirect_from_https_to_http_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var authority = new TestCertificates(folder);
        using X509Certificate2 certificate = authority.Server("registry");
        await using FaultProxy secure = await FaultProxy.StartAsync(_registry.Address, certificate);
        secure.Add(new RegistryFault(FaultKind.RedirectTo) { Target = _proxy.Address });
        using PullFixture pulls = MakeFixture(outgoing: new OutgoingSettings { AuthorityFile = authority.AuthorityPath });

        await CheckAsync(pulls, RegistryFixture.NameIn(secure.Host), PullResult.Server, "redirected from https to http://", () => secure.Clear());

        Assert.Empty(_proxy.Requests);
    }

    /// <summary>A proxy of a company that opens the connection is one case of it.</summary>
    [Fact]
    public async Task A_certificate_of_an_unknown_authority_is_named()
    {
        using var folder = new TemporaryFolder();
        using var unknown = new TestCertificates(folder, "company proxy");
        using X509Certificate2 certificate = unknown.Server("registry");
        await using FaultProxy secure = await FaultProxy.StartAsync(_registry.Address, certificate);
        using PullFixture pulls = MakeFixture();

        PullOutcome outcome = await pulls.PullAsync(RegistryFixture.NameIn(secure.Host));

        Assert.Equal(PullResult.Network, outcome.Result);
        Assert.Contains("CN=company proxy", outcome.Message, StringComparison.Ordinal);
        pulls.AssertListsNothing();
    }

    private static PullFixture MakeFixture(int maxTries = 5, OutgoingSettings? outgoing = null, Func<string, RegistryCredential?>? credentials = null) => new(
        new PullSettings { MaxTries = maxTries },
        registry: new RegistryFixture(outgoing, new RegistrySettings { MaxTries = maxTries }, credentials));

    private async Task CheckAsync(PullFixture pulls, ArtifactName name, PullResult result, string text, Action? heal = null)
    {
        PullOutcome outcome = await pulls.PullAsync(name);

        Assert.True(outcome.Result == result, $"{outcome.Result}: {outcome.Message}");
        Assert.Contains(text, outcome.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', outcome.Message);
        Assert.DoesNotContain("s3cret", outcome.Message, StringComparison.Ordinal);
        if (result != PullResult.Success)
        {
            pulls.AssertListsNothing();
            (heal ?? _proxy.Clear)();
            PullOutcome next = await pulls.PullAsync(name);
            Assert.True(next.Result == PullResult.Success, next.Message);
        }

        pulls.AssertHas(Made, name.ToString());
        Assert.Null(pulls.Mistake);
    }
}
