using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Tests.Layout;
using ModelRunner.Testing;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>
/// A pull for a key that may use only some models. Whoever controls the registry of such a model must not be able to use a file that is here
/// under another name by naming its digest.
/// </summary>
public sealed class LimitedPullTests : IDisposable
{
    private const string Secret = "docker.io/corp/secret:latest";

    private static readonly byte[] Weights = [.. "GGUF"u8, .. Enumerable.Range(0, 3_000_000).Select(static number => (byte)(number * 13))];

    // Two such pulls run at once.
    private readonly PullFixture _fixture = new(new PullSettings { MaxPulls = 3 });
    private readonly MadeArtifact _made = MadeArtifact.Of(Weights);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Descriptor File => _made.Read().Layers[0];

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_digest_alone_gives_no_name_to_a_file_that_is_here(bool hasSameManifest)
    {
        await PutSecretAsync();
        MadeArtifact named = hasSameManifest ? _made : MadeArtifact.Of((MediaTypes.Gguf, Weights), (MediaTypes.License, [1]));
        await PutOthersAsync(named);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(named);
        SpoilAll(registry, FakeRegistry.Status(404));

        PullOutcome outcome = await _fixture.PullAsync(registry.Name, mustFetch: true);

        Assert.Equal(PullResult.NotFound, outcome.Result);
        Assert.Null(_fixture.Store.Read().Find(registry.Name.ToString()));
        Assert.Equal([Secret], _fixture.Store.Read().Find(_made.Id)!.Tags);
        Assert.Equal(Weights, await System.IO.File.ReadAllBytesAsync(_fixture.Store.Folder.BlobOf(File.Digest), Token));
    }

    [Fact]
    public async Task Wrong_bytes_prove_nothing()
    {
        await PutSecretAsync();
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        byte[] wrong = [.. Weights];
        wrong[^1] ^= 1;
        SpoilAll(registry, FakeRegistry.Send(wrong));

        Assert.Equal(PullResult.WrongBytes, (await _fixture.PullAsync(registry.Name, mustFetch: true)).Result);

        Assert.Null(_fixture.Store.Read().Find(registry.Name.ToString()));
    }

    [Fact]
    public async Task A_file_of_another_tool_is_not_taken()
    {
        using var tool = new TemporaryFolder();
        string file = tool.PathOf($"blobs/sha256-{File.Digest.Hex}");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await System.IO.File.WriteAllBytesAsync(file, Weights, Token);
        _fixture.Places = [new ContentPlace("tool", ContentLayout.Ollama, tool.Path)];
        await PutOthersAsync(_made);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        SpoilAll(registry, FakeRegistry.Status(404));

        Assert.Equal(PullResult.NotFound, (await _fixture.PullAsync(registry.Name, mustFetch: true)).Result);

        Assert.False(_fixture.Store.Has(File));
    }

    [Fact]
    public async Task The_fetch_of_another_pull_is_not_shared()
    {
        await using FakeRegistry honest = await FakeRegistry.StartAsync(_made);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        SpoilAll(registry, FakeRegistry.Status(404));
        var gate = new TaskCompletionSource();
        honest.BeforeFile = () => gate.Task;
        Pull running = _fixture.Queue.Join(honest.Name);
        await honest.WaitForRequestsAsync(2);

        // The other pull waits, so that this one ends only if it does not follow it.
        Task<PullOutcome> attack = _fixture.PullAsync(registry.Name, mustFetch: true);
        Assert.Equal(PullResult.NotFound, (await attack.WaitAsync(TimeSpan.FromSeconds(30), Token)).Result);
        gate.SetResult();

        Assert.Equal(PullResult.Success, (await PullFixture.EndAsync(running)).Result);
        _fixture.Queue.Leave(running);
        Assert.Equal([honest.Name.ToString()], _fixture.Store.Read().Find(_made.Id)!.Tags);
    }

    /// <summary>Its registry has the bytes. They are read and not written, so that runners with the file go on.</summary>
    [Fact]
    public async Task A_registry_that_has_the_file_gives_the_name_and_the_file_stays()
    {
        await PutSecretAsync();
        FileId before = FileStatus.Of(_fixture.Store.Folder.BlobOf(File.Digest)).Id;
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        registry.Spoil(FakeRegistry.BreakAfter(Weights, 1_000_000));

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name, mustFetch: true)).Result);

        _fixture.AssertHas(_made, registry.Name.ToString());
        Assert.Equal(3, registry.Requests);
        Assert.Equal(before, FileStatus.Of(_fixture.Store.Folder.BlobOf(File.Digest)).Id);
    }

    [Fact]
    public async Task A_pull_with_all_rights_still_uses_what_is_here()
    {
        await PutSecretAsync();
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);

        Assert.Equal(PullResult.Unchanged, (await _fixture.PullAsync(registry.Name)).Result);

        Assert.Equal((0, 2), (registry.Requests, _fixture.Store.Read().Find(_made.Id)!.Tags.Count));
    }

    [Fact]
    public async Task A_limited_pull_keeps_its_own_partial_file()
    {
        await using FakeRegistry honest = await FakeRegistry.StartAsync(_made);
        await StoreFixture.PutPartialAsync(_fixture.Store.Folder, _made, 2_999_000);
        using (PartialBlob own = PartialBlob.TryOpen(_fixture.Store.Folder, File, RepositoryOf(honest))!)
            await own.AppendAsync(Weights.AsMemory(0, 1_000_000), Token);

        // Another limited key, whose registry sends wrong bytes.
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        byte[] wrong = [.. Weights];
        wrong[0] = 0;
        SpoilAll(registry, FakeRegistry.Send(wrong));
        Assert.Equal(PullResult.WrongBytes, (await _fixture.PullAsync(registry.Name, mustFetch: true)).Result);
        Assert.Equal(2_999_000, PartialBlob.LengthOf(_fixture.Store.Folder, File));
        Assert.Equal(1_000_000, PartialBlob.LengthOf(_fixture.Store.Folder, File, RepositoryOf(honest)));

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(honest.Name, mustFetch: true)).Result);
        Assert.Contains(1_000_000, honest.Offsets);
        _fixture.AssertHas(_made, honest.Name.ToString());
    }

    [Fact]
    public async Task A_slow_registry_delays_no_other_limited_pull()
    {
        await using FakeRegistry slow = await FakeRegistry.StartAsync(_made);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        var gate = new TaskCompletionSource();
        slow.BeforeFile = () => gate.Task;
        Pull running = _fixture.Queue.Join(slow.Name, mustFetch: true);
        await slow.WaitForRequestsAsync(2);

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name, mustFetch: true)).Result);

        gate.SetResult();
        Assert.Equal(PullResult.Success, (await PullFixture.EndAsync(running)).Result);
        _fixture.Queue.Leave(running);
    }

    [Fact]
    public async Task Each_repository_and_each_size_has_a_partial_file()
    {
        StoreFolder folder = _fixture.Store.Folder;
        string repository = $"r.example/{new string('a', 5000)}";
        using PartialBlob first = PartialBlob.TryOpen(folder, File, repository)!;
        await first.AppendAsync(Weights.AsMemory(0, 1_000_000), Token);

        using PartialBlob? other = PartialBlob.TryOpen(folder, File, "r.example/b");
        using PartialBlob? small = PartialBlob.TryOpen(folder, File with { Size = 1 }, repository);

        Assert.NotNull(other);
        Assert.NotNull(small);
        Assert.Null(PartialBlob.TryOpen(folder, File, repository));
        Assert.Equal(1_000_000, PartialBlob.LengthOf(folder, File, repository));
        Assert.Equal(3, StoreFixture.FilesIn(folder.Blobs).Length);
    }

    [Fact]
    public async Task The_check_of_the_space_counts_the_partial_file_that_the_pull_continues()
    {
        await PutOthersAsync(_made);
        using PartialBlob normal = PartialBlob.TryOpen(_fixture.Store.Folder, File)!;
        normal.Reserve();
        SpaceCheck.Check(_fixture.Store, _made.Read(), long.MaxValue / 2);

        Assert.Throws<StoreException>(() => SpaceCheck.Check(_fixture.Store, _made.Read(), long.MaxValue / 2, repository: "r.example/a"));

        using PartialBlob own = PartialBlob.TryOpen(_fixture.Store.Folder, File, "r.example/a")!;
        own.Reserve();
        SpaceCheck.Check(_fixture.Store, _made.Read(), long.MaxValue / 2, repository: "r.example/a");
    }

    private static string RepositoryOf(FakeRegistry registry) => $"{registry.Name.Registry}/{registry.Name.WrittenRepository}";

    // What the registry of the key has may have been fetched before, so that only the weights decide.
    private async Task PutOthersAsync(MadeArtifact made)
    {
        foreach ((Digest digest, byte[] bytes) in made.Files.Where(static file => file.Value != Weights))
        {
            string path = _fixture.Store.Folder.BlobOf(digest);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await System.IO.File.WriteAllBytesAsync(path, bytes, Token);
        }
    }

    private async Task PutSecretAsync()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        await _fixture.Store.TagAsync(_made.Id, Secret, Token);
        await _fixture.Store.UntagAsync(registry.Name.ToString(), Token);
    }

    private static void SpoilAll(FakeRegistry registry, Microsoft.AspNetCore.Http.RequestDelegate answer)
    {
        for (int request = 0; request < 20; request++)
            registry.Spoil(answer);
    }
}
