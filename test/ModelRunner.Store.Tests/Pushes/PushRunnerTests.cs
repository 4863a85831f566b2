using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Pushes;
using ModelRunner.Store.Tests.Layout;
using ModelRunner.Store.Tests.Pulls;
using ModelRunner.Store.Tests.Registries;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Pushes;

/// <summary>Models of a store go to a real registry, and other clients read them there.</summary>
public sealed class PushRunnerTests : IDisposable
{
    private readonly StoreFixture _store = new(TimeProvider.System);
    private readonly RegistryFixture _registry = new();
    private readonly PushRunner _runner;

    public PushRunnerTests() => _runner = new PushRunner(_store.Store);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _registry.Dispose();
        _store.Dispose();
    }

    [Fact]
    public async Task Skopeo_copies_a_pushed_model_and_what_it_copied_back_is_pulled()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        MadeArtifact made = MadeArtifact.Of(
            (MediaTypes.Gguf, [.. "GGUF"u8, .. new byte[300_000]]), (MediaTypes.Gguf, [.. "GGUF"u8, 2]), (MediaTypes.License, "MIT"u8.ToArray()));
        ArtifactName name = RegistryFixture.NameIn(registry.Host, "me/parts:Q4_0");
        await _store.AddAsync(made, name.ToString());
        using var folder = new TemporaryFolder();
        string copy = folder.PathOf("copy");

        PushOutcome outcome = await PushAsync(made, name);
        await Skopeo.RunAsync("copy", "--preserve-digests", "--src-tls-verify=false", $"docker://{name}", $"dir:{copy}");
        await Skopeo.RunAsync("copy", "--preserve-digests", "--dest-tls-verify=false", $"dir:{copy}", $"docker://{registry.Host}/me/theirs:v1");
        using var pulls = new PullFixture();
        PullOutcome pulled = await pulls.PullAsync(RegistryFixture.NameIn(registry.Host, "me/theirs:v1"));

        Assert.Equal((PushResult.Success, "Model pushed successfully"), (outcome.Result, outcome.Message));
        Assert.Equal((1, made.Files.Sum(static file => (long)file.Value.Length)), (_runner.Counters.Of(PushResult.Success), _runner.Counters.Bytes));
        Assert.Equal(made.Manifest, await File.ReadAllBytesAsync(Path.Join(copy, "manifest.json"), Cancellation));
        Assert.All(made.Files, file => Assert.Equal(file.Value, File.ReadAllBytes(Path.Join(copy, file.Key.Hex))));
        Assert.Equal(PullResult.Success, pulled.Result);
        pulls.AssertHas(made, $"{registry.Host}/me/theirs:v1");
    }

    /// <summary>Before, the registry refused the upload, and the error said nothing about the file here.</summary>
    [Fact]
    public async Task A_damaged_file_is_named_and_not_sent()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        MadeArtifact made = MadeArtifact.Of([.. "GGUF"u8, .. new byte[300_000]]);
        ArtifactName name = RegistryFixture.NameIn(registry.Host, "me/damaged:v1");
        await _store.AddAsync(made, name.ToString());
        string path = _store.Folder.BlobOf(made.Read().Layers[0].Digest);
        byte[] bytes = await File.ReadAllBytesAsync(path, Cancellation);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, Cancellation);

        PushOutcome outcome = await PushAsync(made, name);

        Assert.Equal(PushResult.Store, outcome.Result);
        Assert.Equal(
            $"the file {made.Read().Layers[0].Digest} in the model store is damaged: its bytes have the digest {ContentHash.Of(bytes)}; "
            + "run \"model-runner verify\", then pull, load or package the model again",
            outcome.Message);
    }

    [Fact]
    public async Task A_mount_that_is_refused_is_no_refusal_of_the_push()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        await using FaultProxy proxy = await FaultProxy.StartAsync(registry.Address);
        proxy.Add(new RegistryFault(FaultKind.Status) { Path = "?mount=", Method = "POST", Times = 2, Status = System.Net.HttpStatusCode.Forbidden });
        MadeArtifact made = MadeArtifact.Of([.. "GGUF"u8, 1]);
        await _store.AddAsync(made, RegistryFixture.NameIn(proxy.Host, "other/place:latest").ToString());
        ArtifactName name = RegistryFixture.NameIn(proxy.Host, "me/copy:latest");

        PushOutcome outcome = await PushAsync(made, name);

        Assert.Equal(PushResult.Success, outcome.Result);
        Assert.Equal(2, proxy.Requests.Count(static request => request.Target.Contains("mount=", StringComparison.Ordinal)));
        Assert.Equal(4, proxy.Requests.Count(static request => request.Method == "POST"));
    }

    [Fact]
    public async Task A_push_that_was_stopped_sends_only_what_is_missing()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        await using FaultProxy proxy = await FaultProxy.StartAsync(registry.Address);
        MadeArtifact made = MadeArtifact.Of([.. "GGUF"u8, .. new byte[100_000]], [.. "GGUF"u8, 2]);
        ArtifactName name = RegistryFixture.NameIn(proxy.Host, "me/copy:latest");
        await _store.AddAsync(made, name.ToString());
        proxy.Add(new RegistryFault(FaultKind.Status) { Path = "/manifests/", Method = "PUT", Status = System.Net.HttpStatusCode.BadRequest });

        PushOutcome first = await PushAsync(made, name);
        int sent = proxy.Requests.Count(static request => request.Method == "POST");
        proxy.Clear();
        PushOutcome second = await PushAsync(made, name);

        Assert.Equal((PushResult.Rejected, PushResult.Success), (first.Result, second.Result));
        Assert.Equal(made.Files.Count, sent);
        Assert.Equal(sent, proxy.Requests.Count(static request => request.Method == "POST"));
    }

    [Fact]
    public async Task A_model_whose_file_is_missing_or_whose_manifest_changed_is_not_pushed()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        MadeArtifact made = MadeArtifact.Of([.. "GGUF"u8, 1], [.. "GGUF"u8, 2]);
        ArtifactName name = RegistryFixture.NameIn(registry.Host);
        await _store.AddAsync(made, name.ToString());
        Digest file = made.Files.Keys.First();

        File.Delete(_store.Store.Folder.BlobOf(file));
        PushOutcome missing = await PushAsync(made, name);
        await File.WriteAllBytesAsync(_store.Store.Folder.BlobOf(file), made.Files[file], Cancellation);
        await File.AppendAllTextAsync(_store.Store.Folder.ManifestOf(made.Id), " ", Cancellation);
        PushOutcome changed = await PushAsync(made, name);

        Assert.Equal((PushResult.Store, PushResult.Store), (missing.Result, changed.Result));
        Assert.Contains(file.ToString(), missing.Message, StringComparison.Ordinal);
        Assert.Contains("has a damaged manifest in the model store, whose bytes have another digest", changed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_pushes_run_sixteen_wait_and_another_one_is_refused()
    {
        await using LoopbackServer silent = await LoopbackServer.StartAsync(static context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        MadeArtifact made = MadeArtifact.Of([.. "GGUF"u8, 1]);
        ArtifactName name = RegistryFixture.NameIn($"127.0.0.1:{silent.Address.Port}");
        await _store.AddAsync(made, name.ToString());
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Push[] pushes = [.. Enumerable.Range(0, PushRunner.MaxPushes + PushRunner.MaxWaiting).Select(_ => new Push(made.Id, name))];

        Task<PushOutcome>[] running = [.. pushes.Select(push => _runner.RunAsync(push, _registry.Client, end.Token))];
        PushOutcome refused = await PushAsync(made, name);
        int waiting = pushes.Count(static push => push.IsWaiting);
        await end.CancelAsync();
        PushOutcome[] outcomes = await Task.WhenAll(running);

        Assert.Equal((PushResult.Busy, PushRunner.MaxWaiting), (refused.Result, waiting));
        Assert.All(outcomes, static outcome => Assert.Equal(PushResult.Cancelled, outcome.Result));
        Assert.Equal((1, outcomes.Length, 0), (_runner.Counters.Of(PushResult.Busy), _runner.Counters.Of(PushResult.Cancelled), _runner.Counters.Bytes));
    }

    private Task<PushOutcome> PushAsync(MadeArtifact made, ArtifactName name) => _runner.RunAsync(new Push(made.Id, name), _registry.Client, Cancellation);
}
