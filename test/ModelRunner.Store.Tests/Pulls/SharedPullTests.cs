using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>Several clients want the same model at the same time.</summary>
public sealed class SharedPullTests : IDisposable
{
    private static readonly MadeArtifact Made = MadeArtifact.Of([.. "GGUF"u8, .. Enumerable.Range(0, 2_000_000).Select(static number => (byte)(number * 13))]);

    private readonly PullFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Clients_with_the_same_rights_share_a_pull(bool mustFetch)
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(Made);
        var gate = new TaskCompletionSource();
        registry.BeforeFile = () => gate.Task;
        Pull first = _fixture.Queue.Join(registry.Name, mustFetch: mustFetch);

        Pull second = _fixture.Queue.Join(registry.Name, mustFetch: mustFetch);

        Assert.Same(first, second);
        gate.SetResult();
        Assert.Equal(PullResult.Success, (await PullFixture.EndAsync(first)).Result);
        Assert.Equal(2, registry.Requests);
        _fixture.Queue.Leave(first);
        _fixture.Queue.Leave(second);
    }

    /// <summary>The pull of a limited key has files and slots of its own, so that it may take longer. It must not replace the file.</summary>
    [Fact]
    public async Task A_client_with_all_rights_does_not_wait_for_the_pull_of_a_limited_key()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(Made);
        var gate = new TaskCompletionSource();
        registry.BeforeFile = () => gate.Task;
        Pull limited = _fixture.Queue.Join(registry.Name, mustFetch: true);
        await registry.WaitForRequestsAsync(2);
        registry.BeforeFile = static () => Task.CompletedTask;

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);

        Assert.False(limited.Completion.IsCompleted);
        FileId stood = FileStatus.Of(Weights).Id;
        gate.SetResult();
        Assert.Equal(PullResult.Success, (await PullFixture.EndAsync(limited)).Result);
        _fixture.Queue.Leave(limited);
        Assert.Equal(stood, FileStatus.Of(Weights).Id);
        Assert.Empty(_fixture.Queue.Running);
        _fixture.AssertHas(Made, registry.Name.ToString());
    }

    /// <summary>Otherwise the first line of the progress would be 0 %.</summary>
    [Fact]
    public async Task Files_and_parts_that_are_here_are_there_from_the_beginning()
    {
        byte[][] weights = [MadeArtifact.MakeWeights(100_000, 11), MadeArtifact.MakeWeights(200_000, 12), MadeArtifact.MakeWeights(300_000, 13)];
        MadeArtifact made = MadeArtifact.Of(weights);
        using var fixture = new PullFixture(new PullSettings { MaxFilesOfPull = 1 });
        await using FakeRegistry known = await FakeRegistry.StartAsync(MadeArtifact.Of(weights[1]));
        Assert.Equal(PullResult.Success, (await fixture.PullAsync(known.Name)).Result);
        IReadOnlyList<Descriptor> layers = made.Read().Layers;
        string part = $"{fixture.Store.Folder.BlobOf(layers[2].Digest)}{StoreFolder.PartialEnding}";
        await File.WriteAllBytesAsync(part, weights[2][..123_456], TestContext.Current.CancellationToken);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(made);
        var gate = new TaskCompletionSource();
        registry.BeforeFile = () => gate.Task;

        Pull pull = fixture.Queue.Join(registry.Name);
        await registry.WaitForRequestsAsync(1);

        Assert.Equal([0, 200_000, 123_456], layers.Select(layer => pull.Files.Single(file => file.File.Digest == layer.Digest).Bytes));
        gate.SetResult();
        Assert.Equal(PullResult.Success, (await PullFixture.EndAsync(pull)).Result);
        fixture.AssertHas(made, registry.Name.ToString());
    }

    private string Weights => _fixture.Store.Folder.BlobOf(Made.Read().Layers[0].Digest);
}
