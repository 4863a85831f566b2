using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Tests.Layout;
using ModelRunner.Store.Tests.Registries;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>Pulls into a store in a temporary folder, with short waits.</summary>
internal sealed class PullFixture : IDisposable
{
    private readonly StoreFixture _store;
    private readonly RegistryFixture _registry;
    private readonly PullRunner _runner;

    /// <param name="settings">The limits; the waits are shortened.</param>
    /// <param name="beforeStep">As in <see cref="StoreFolder.BeforeStep"/>.</param>
    /// <param name="registry">The client of registries, which is disposed too; null: the usual one.</param>
    /// <param name="time">The clock of the limits and of the waits; null: the usual one.</param>
    public PullFixture(
        PullSettings? settings = null, Action<string>? beforeStep = null, RegistryFixture? registry = null, TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        _registry = registry ?? new RegistryFixture();
        _store = new StoreFixture(TimeProvider.System, beforeStep);
        settings = (settings ?? new PullSettings()) with { FirstWait = TimeSpan.FromMilliseconds(1), MaxWait = TimeSpan.FromMilliseconds(2) };
        Rate = new ByteRateLimit(time) { BytesPerSecond = settings.BytesPerSecond };
        var adoption = new ContentAdoption(Store, () => Places, new PlaceReader(new PlaceThreads(), TimeProvider.System));
        _runner = new PullRunner(
            Store, new RegistryPlanner(_registry.Client),
            new SharedFetches(new FileFetcher(Store, settings, Counters, time, adoption), Rate), settings, adoption);
        Queue = new PullQueue(_runner, Counters, time, (_, _, mistake) => Mistake = mistake);
    }

    public ModelStore Store => _store.Store;

    /// <summary>The stores of other tools.</summary>
    public IReadOnlyList<ContentPlace> Places { get; set; } = [];

    public PullCounters Counters { get; } = new();

    public ByteRateLimit Rate { get; }

    public PullQueue Queue { get; }

    /// <summary>The failure of the last pull, if it was a mistake of the program.</summary>
    public Exception? Mistake { get; private set; }

    /// <summary>Pulls a model to the end.</summary>
    public async Task<PullOutcome> PullAsync(ArtifactName name, bool mustFetch = false)
    {
        Pull pull = Queue.Join(name, mustFetch: mustFetch);
        PullOutcome outcome = await EndAsync(pull);
        Queue.Leave(pull);
        return outcome;
    }

    /// <summary>Waits for the end of a pull.</summary>
    public static async Task<PullOutcome> EndAsync(Pull pull)
    {
        try
        {
            return await pull.Completion.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            string files = string.Join(", ", pull.Files.Select(static file => $"{file.File.Digest.Short}: {file.Bytes} of {file.File.Size}"));
            Assert.Fail($"{pull.Name} did not end: {(pull.IsWaiting ? "it waits" : "it runs")}, {files}");
            throw;
        }
    }

    /// <summary>Checks that the store has an artifact with all its bytes, and nothing incomplete.</summary>
    public void AssertHas(MadeArtifact made, string tag)
    {
        Assert.Equal(made.Id, Store.Read().Find(tag)?.Id);
        foreach ((Digest digest, byte[] bytes) in made.Files)
            Assert.Equal(bytes, File.ReadAllBytes(Store.Folder.BlobOf(digest)));
        Assert.DoesNotContain(StoreFixture.FilesIn(Store.Folder.Blobs), static name => name.EndsWith(StoreFolder.PartialEnding, StringComparison.Ordinal));
    }

    /// <summary>Checks that the store lists nothing, and that no file whose bytes are wrong or missing has a final name.</summary>
    public void AssertListsNothing()
    {
        Assert.Empty(Store.Read().Entries);
        foreach (string name in StoreFixture.FilesIn(Store.Folder.Blobs).Where(static name => !name.EndsWith(StoreFolder.PartialEnding, StringComparison.Ordinal)))
        {
            Assert.True(Digest.TryParse($"{Digest.Sha256}:{name}", out Digest digest), name);
            Assert.True(ContentHash.Matches(File.ReadAllBytes(Store.Folder.BlobOf(digest)), digest), name);
        }
    }

    public void Dispose()
    {
        _registry.Dispose();
        _store.Dispose();
    }
}
