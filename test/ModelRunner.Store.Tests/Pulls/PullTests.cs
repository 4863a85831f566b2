using Microsoft.AspNetCore.Http;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Tests.Layout;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>Pulls from a real registry, and from one that does what broken servers and proxies do.</summary>
public sealed class PullTests : IDisposable
{
    private const int Length = 3_000_000;
    private static readonly byte[] Weights = MakeWeights(seed: 1);

    private readonly PullFixture _fixture = new();
    private readonly MadeArtifact _made = MadeArtifact.Of(Weights);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_model_of_a_real_registry_arrives_byte_by_byte()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        foreach (byte[] bytes in _made.Files.Values)
            await registry.PushBlobAsync("ai/a", bytes, Token);
        await registry.PushManifestAsync("ai/a", "latest", _made.Manifest, RegistryModel.MediaType, Token);
        ArtifactName name = ArtifactNameParser.Parse($"{registry.Host}/ai/a");

        PullOutcome first = await _fixture.PullAsync(name);
        PullOutcome second = await _fixture.PullAsync(name);

        Assert.Equal((PullResult.Success, "Model pulled successfully"), (first.Result, first.Message));
        Assert.Equal(PullResult.Unchanged, second.Result);
        _fixture.AssertHas(_made, name.ToString());
        Assert.Equal(_made.Files.Values.Sum(static bytes => bytes.Length), _fixture.Counters.Bytes);
        Assert.Equal((1, 1, 0), (_fixture.Counters.Of(PullResult.Success), _fixture.Counters.Of(PullResult.Unchanged), _fixture.Counters.Running));

        PullOutcome missing = await _fixture.PullAsync(ArtifactNameParser.Parse($"{registry.Host}/ai/a:none"));
        Assert.Equal(PullResult.NotFound, missing.Result);
    }

    /// <summary>The bytes before each cut are not asked for again.</summary>
    [Fact]
    public async Task A_connection_that_is_cut_again_and_again_is_continued()
    {
        await using FakeRegistry registry = await StartAsync(FakeRegistry.EndAfter(Weights, 1_000_000), FakeRegistry.EndAfter(Weights, 500_000));

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);

        _fixture.AssertHas(_made, registry.Name.ToString());
        Assert.Equal([0, 1_000_000, 1_500_000], registry.Offsets.Take(3));
    }

    [Fact]
    public async Task More_interruptions_than_tries_are_survived_while_bytes_come()
    {
        RequestDelegate[] cuts = [.. Enumerable.Repeat(FakeRegistry.EndAfter(Weights, 100_000), 20)];
        await using FakeRegistry registry = await StartAsync(cuts);

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);
        _fixture.AssertHas(_made, registry.Name.ToString());
    }

    /// <summary>Any number of bytes may arrive before the connection breaks, also none.</summary>
    [Fact]
    public async Task A_connection_that_breaks_is_continued()
    {
        await using FakeRegistry registry = await StartAsync(FakeRegistry.BreakAfter(Weights, 1_000_000), FakeRegistry.BreakAfter(Weights, 1_000_000));

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);
        _fixture.AssertHas(_made, registry.Name.ToString());
    }

    [Fact]
    public async Task A_server_that_sends_nothing_ends_the_pull_and_what_came_is_kept()
    {
        RequestDelegate[] nothing = [.. Enumerable.Repeat(FakeRegistry.EndAfter(Weights, 0), 5)];
        await using FakeRegistry registry = await StartAsync([FakeRegistry.EndAfter(Weights, 1_000_000), .. nothing]);

        PullOutcome failed = await _fixture.PullAsync(registry.Name);
        Assert.Equal(PullResult.Network, failed.Result);
        Assert.Empty(_fixture.Store.Read().Entries);
        Assert.Equal(1_000_000, new FileInfo(_fixture.Store.Folder.PartialOf(ContentHash.Of(Weights))).Length);

        registry.Offsets.Clear();
        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);
        Assert.Contains(1_000_000, registry.Offsets);
        _fixture.AssertHas(_made, registry.Name.ToString());
    }

    [Fact]
    public async Task A_server_that_does_not_send_parts_begins_again()
    {
        await using FakeRegistry registry = await StartAsync(FakeRegistry.EndAfter(Weights, 1_000_000), FakeRegistry.Send(Weights));

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);
        _fixture.AssertHas(_made, registry.Name.ToString());
    }

    /// <summary>An endless series of answers with the status 416 was reported for another program (docker/docker-agent 3262).</summary>
    [Fact]
    public async Task A_refused_offset_drops_what_was_there_once()
    {
        await using FakeRegistry registry = await StartAsync(FakeRegistry.EndAfter(Weights, 1_000_000), FakeRegistry.Status(416));

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);
        _fixture.AssertHas(_made, registry.Name.ToString());

        using var second = new PullFixture();
        await PutConfigAsync(second);
        registry.Spoil(FakeRegistry.EndAfter(Weights, 10));
        registry.Spoil(FakeRegistry.Status(416));
        registry.Spoil(FakeRegistry.Status(416));
        Assert.Equal(PullResult.Server, (await second.PullAsync(registry.Name)).Result);
    }

    [Fact]
    public async Task Wrong_bytes_are_fetched_once_more_and_then_the_pull_ends()
    {
        byte[] wrong = MakeWeights(seed: 2);
        await using FakeRegistry registry = await StartAsync(FakeRegistry.Send(wrong));
        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);
        _fixture.AssertHas(_made, registry.Name.ToString());

        using var second = new PullFixture();
        await PutConfigAsync(second);
        int before = registry.Requests;
        registry.Spoil(FakeRegistry.Send(wrong));
        registry.Spoil(FakeRegistry.Send(wrong));
        PullOutcome failed = await second.PullAsync(registry.Name);
        Assert.Equal(PullResult.WrongBytes, failed.Result);
        Assert.Contains(ContentHash.Of(wrong).ToString(), failed.Message, StringComparison.Ordinal);
        Assert.Contains("proxy or VPN", failed.Message, StringComparison.Ordinal);
        Assert.Equal(2, registry.Requests - before);
        Assert.Empty(second.Store.Read().Entries);
        Assert.DoesNotContain(StoreFixture.FilesIn(second.Store.Folder.Blobs), static name => name.EndsWith(StoreFolder.PartialEnding, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_longer_file_is_not_stored()
    {
        byte[] longer = [.. Weights, 1];
        await using FakeRegistry registry = await StartAsync(FakeRegistry.Send(longer), FakeRegistry.Send(longer));

        Assert.Equal(PullResult.WrongBytes, (await _fixture.PullAsync(registry.Name)).Result);
        Assert.Empty(_fixture.Store.Read().Entries);
        Assert.False(File.Exists(_fixture.Store.Folder.BlobOf(ContentHash.Of(Weights))));
    }

    /// <summary>A partial file may be of an attempt that got wrong bytes.</summary>
    [Fact]
    public async Task Wrong_bytes_of_an_earlier_attempt_are_dropped()
    {
        await using FakeRegistry registry = await StartAsync();
        string partial = _fixture.Store.Folder.PartialOf(ContentHash.Of(Weights));
        Directory.CreateDirectory(Path.GetDirectoryName(partial)!);
        await File.WriteAllBytesAsync(partial, new byte[1000], Token);

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);
        _fixture.AssertHas(_made, registry.Name.ToString());
    }

    /// <summary>A page instead of a file was reported often (huggingface_hub 2589, ollama 8400).</summary>
    [Fact]
    public async Task A_page_of_a_proxy_shows_in_the_error()
    {
        byte[] page = "<html>Please log in</html>"u8.ToArray();
        await using FakeRegistry registry = await StartAsync(FakeRegistry.Send(page), FakeRegistry.Send(page));

        PullOutcome failed = await _fixture.PullAsync(registry.Name);

        Assert.Equal(PullResult.WrongBytes, failed.Result);
        Assert.Contains("<html>Please log in", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_does_not_fit_on_the_disk_is_refused_before_the_first_byte()
    {
        using var fixture = new PullFixture(new PullSettings { SpareBytes = 1L << 60 });
        await using FakeRegistry registry = await StartAsync();

        PullOutcome failed = await fixture.PullAsync(registry.Name);

        Assert.Equal(PullResult.NoSpace, failed.Result);
        Assert.Contains("MODELS_PATH", failed.Message, StringComparison.Ordinal);
        Assert.Equal(0, registry.Requests);
    }

    [Fact]
    public async Task Two_clients_follow_one_pull_and_the_last_one_ends_it()
    {
        await using FakeRegistry registry = await StartAsync();
        var gate = new TaskCompletionSource();
        var reached = new TaskCompletionSource();
        registry.BeforeFile = () =>
        {
            reached.TrySetResult();
            return gate.Task;
        };

        Pull first = _fixture.Queue.Join(registry.Name);
        Pull second = _fixture.Queue.Join(registry.Name);
        Assert.Same(first, second);
        await reached.Task.WaitAsync(Token);
        Assert.Same(first, Assert.Single(_fixture.Queue.Running));
        _fixture.Queue.Leave(first);
        Assert.False(first.Completion.IsCompleted);

        _fixture.Queue.Leave(second);
        Assert.Equal(PullResult.Cancelled, (await first.Completion.WaitAsync(Token)).Result);
        Assert.Empty(_fixture.Queue.Running);
        gate.SetResult();

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);
    }

    [Fact]
    public async Task Two_models_with_the_same_file_fetch_it_once()
    {
        MadeArtifact other = MadeArtifact.Of(Weights, MakeWeights(seed: 3));
        await using FakeRegistry registry = await StartAsync();
        await using FakeRegistry second = await FakeRegistry.StartAsync(other);
        var gate = new TaskCompletionSource();
        registry.BeforeFile = () => gate.Task;

        Pull pull = _fixture.Queue.Join(registry.Name);
        await registry.WaitForRequestsAsync(2);
        Task<PullOutcome> joined = _fixture.PullAsync(second.Name);
        await second.WaitForRequestsAsync(2);
        gate.SetResult();

        Assert.Equal(PullResult.Success, (await PullFixture.EndAsync(pull)).Result);
        Assert.Equal(PullResult.Success, (await joined).Result);
        _fixture.Queue.Leave(pull);
        Assert.Equal(2, second.Requests);
        _fixture.AssertHas(other, second.Name.ToString());
    }

    /// <summary>The server of the pull that began the fetch says nothing about the server of the other one.</summary>
    [Fact]
    public async Task A_pull_that_shared_the_fetch_of_a_bad_server_uses_its_own()
    {
        await using FakeRegistry bad = await StartAsync();
        await using FakeRegistry good = await FakeRegistry.StartAsync(_made);
        for (int request = 0; request < 2; request++)
            bad.Spoil(FakeRegistry.Status(404));
        var gate = new TaskCompletionSource();
        bad.BeforeFile = () => gate.Task;

        Pull failing = _fixture.Queue.Join(bad.Name);
        await bad.WaitForRequestsAsync(2);
        Pull joined = _fixture.Queue.Join(good.Name);
        while (joined.Files.Count == 0)
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Token);
        gate.SetResult();

        Assert.Equal(PullResult.NotFound, (await PullFixture.EndAsync(failing)).Result);
        Assert.Equal(PullResult.Success, (await PullFixture.EndAsync(joined)).Result);
        _fixture.Queue.Leave(failing);
        _fixture.Queue.Leave(joined);
        _fixture.AssertHas(_made, good.Name.ToString());
    }

    [Fact]
    public async Task The_wait_that_a_server_asks_for_is_kept_and_a_long_one_ends_the_pull()
    {
        await using FakeRegistry registry = await StartAsync(FakeRegistry.Busy(1));
        long start = TimeProvider.System.GetTimestamp();
        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);
        Assert.True(TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromSeconds(0.8));

        using var second = new PullFixture();
        await PutConfigAsync(second);
        int before = registry.Requests;
        registry.Spoil(FakeRegistry.Busy(3600));
        Assert.Equal(PullResult.Server, (await second.PullAsync(registry.Name)).Result);
        Assert.Equal(1, registry.Requests - before);
    }

    [Fact]
    public async Task A_pull_makes_the_folder_of_parts_again()
    {
        MadeArtifact parts = MadeArtifact.Of(Weights, MakeWeights(seed: 3));
        await using FakeRegistry registry = await FakeRegistry.StartAsync(parts);
        await _fixture.PullAsync(registry.Name);
        string first = BundleFolder.PartsOf(_fixture.Store.Folder, parts.Id, 2)[0];
        File.Delete(first);

        Assert.Equal(PullResult.Unchanged, (await _fixture.PullAsync(registry.Name)).Result);
        Assert.Equal(Weights, await File.ReadAllBytesAsync(first, Token));
    }

    /// <summary>Each answer begins at 0 and ends a little earlier or later: bytes come, and no progress.</summary>
    [Fact]
    public async Task A_server_that_begins_again_each_time_ends_the_pull()
    {
        RequestDelegate[] restarts = [.. Enumerable.Range(0, 40).Select(static number => FakeRegistry.BeginAgain(Weights, 1_000_000 + (number % 2 == 0 ? 500 : 0)))];
        await using FakeRegistry registry = await StartAsync(restarts);

        Assert.Equal(PullResult.Network, (await _fixture.PullAsync(registry.Name)).Result);
        Assert.InRange(registry.Requests, 3, 12);
    }

    [Fact]
    public async Task A_digest_without_a_tag_does_not_take_the_tag_latest()
    {
        await using FakeRegistry registry = await StartAsync();
        ArtifactName pinned = ArtifactNameParser.Parse($"{registry.Name.Registry}/ai/a@{_made.Id}");

        PullOutcome outcome = await _fixture.PullAsync(pinned);

        Assert.Equal(PullResult.Success, outcome.Result);
        Assert.Empty(outcome.Entry!.Tags);
        Assert.Equal(PullResult.Unchanged, (await _fixture.PullAsync(registry.Name)).Result);
        Assert.Equal(_made.Id, _fixture.Store.Read().Find(registry.Name.ToString())?.Id);
    }

    [Fact]
    public async Task The_rate_is_limited()
    {
        using var fixture = new PullFixture(new PullSettings { BytesPerSecond = Length });
        await using FakeRegistry registry = await StartAsync();
        long start = TimeProvider.System.GetTimestamp();

        Assert.Equal(PullResult.Success, (await fixture.PullAsync(registry.Name)).Result);

        Assert.True(TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromSeconds(0.7));
    }

    private static byte[] MakeWeights(int seed) => MadeArtifact.MakeWeights(Length, seed);

    // The configuration is there already, so the faults are for the weights.
    private async Task<FakeRegistry> StartAsync(params RequestDelegate[] faults)
    {
        FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        if (faults.Length > 0)
            await PutConfigAsync(_fixture);
        foreach (RequestDelegate fault in faults)
            registry.Spoil(fault);
        return registry;
    }

    private async Task PutConfigAsync(PullFixture fixture)
    {
        Digest config = _made.Read().Config.Digest;
        string blob = fixture.Store.Folder.BlobOf(config);
        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        await File.WriteAllBytesAsync(blob, _made.Files[config], Token);
    }
}
