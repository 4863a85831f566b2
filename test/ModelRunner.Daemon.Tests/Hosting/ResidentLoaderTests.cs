using Microsoft.Extensions.Logging.Abstractions;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Hosting;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Daemon.Tests.Runners;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>Models with <c>preload</c> in a store that does not always respond.</summary>
public sealed class ResidentLoaderTests : IDisposable
{
    private static readonly byte[] Good = GgufBuilder.Llama().Build();

    private readonly TemporaryFolder _store = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task A_store_that_could_not_be_read_is_tried_again()
    {
        await using var bed = new PoolBed();
        _store.Write("otter.gguf", Good);
        DaemonSettings settings = Preload("otter");
        bool fails = true;
        var catalog = new ModelCatalog(settings, bed.Time, () => fails ? throw new IOException("no") : StoreScanner.Scan(_store.Path), new FileThreads(1, 1));
        var log = new ListLogger<ResidentLoader>();
        var loader = new ResidentLoader(catalog, () => settings, bed.Pool, bed.Time, log);

        await loader.ApplyAsync(Cancellation);
        Assert.Contains("Model otter:latest is not preloaded: the models folder is still being read", Assert.Single(log.Lines), StringComparison.Ordinal);
        fails = false;
        bed.Time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal("otter:latest", (await bed.StartedAsync()).Key.Model);
        Assert.Single(log.Lines);
    }

    [Fact]
    public async Task A_model_that_turns_out_to_be_missing_is_reported()
    {
        await using var bed = new PoolBed();
        _store.Write("otter.gguf", Good);
        DaemonSettings settings = Preload("absent", "otter");
        bool fails = true;
        var catalog = new ModelCatalog(settings, bed.Time, () => fails ? throw new IOException("no") : StoreScanner.Scan(_store.Path), new FileThreads(1, 1));
        var log = new ListLogger<ResidentLoader>();
        var loader = new ResidentLoader(catalog, () => settings, bed.Pool, bed.Time, log);

        await loader.ApplyAsync(Cancellation);
        Assert.Equal(2, log.Lines.Count);
        fails = false;
        bed.Time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal("otter:latest", (await bed.StartedAsync()).Key.Model);
        Assert.Equal(3, log.Lines.Count);
        Assert.Contains("Model absent:latest is not preloaded: ", log.Lines[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("still being read", log.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_loaded_model_whose_file_is_missing_stays_preloaded()
    {
        await using var bed = new PoolBed();
        _store.Write("otter.gguf", Good);
        DaemonSettings settings = Preload("absent", "otter");
        var catalog = new ModelCatalog(settings, bed.Time, () => StoreScanner.Scan(_store.Path), new FileThreads(1, 1));
        var loader = new ResidentLoader(catalog, () => settings, bed.Pool, bed.Time, NullLogger<ResidentLoader>.Instance);
        await loader.ApplyAsync(Cancellation);
        (await bed.StartedAsync()).BecomeReady();
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(bed.Pool.Runners is [{ State: RunnerState.Ready, IsResident: true }]), DaemonFixture.Patience);

        File.Delete(Path.Join(_store.Path, "otter.gguf"));
        await catalog.FindPulledAsync(Cancellation);
        await loader.LookAgainAsync(Cancellation);

        Assert.StartsWith("Model absent:latest ", Assert.Single(loader.Problems), StringComparison.Ordinal);
        await bed.Pool.RespondAsync(Cancellation);
        Assert.True(Assert.Single(bed.Pool.Runners).IsResident);
    }

    [Fact]
    public async Task A_missing_model_is_a_problem_until_it_appears_or_is_not_preloaded_any_more()
    {
        await using var bed = new PoolBed();
        _store.Write("otters.gguf", Good);
        DaemonSettings settings = Preload("absent", "otter");
        var catalog = new ModelCatalog(settings, bed.Time, () => StoreScanner.Scan(_store.Path), new FileThreads(1, 1));
        var loader = new ResidentLoader(catalog, () => settings, bed.Pool, bed.Time, NullLogger<ResidentLoader>.Instance);
        Assert.Empty(loader.Problems);

        await loader.ApplyAsync(Cancellation);
        Assert.Collection(
            loader.Problems,
            static problem => Assert.StartsWith("Model absent:latest is not preloaded: model \"absent:latest\" ", problem, StringComparison.Ordinal),
            static problem => Assert.Contains("; did you mean \"otters:latest\"? \"model-runner pull ai/otter:latest\" fetches it", problem, StringComparison.Ordinal));

        _store.Write("absent.gguf", Good);
        Assert.Equal("absent:latest", (await NextAsync(bed)).Key.Model);
        Assert.StartsWith("Model otter:latest is not preloaded: ", Assert.Single(loader.Problems), StringComparison.Ordinal);

        settings = Preload("absent");
        await loader.ApplyAsync(Cancellation);
        Assert.Empty(loader.Problems);

        await bed.Pool.UnloadAsync(new UnloadSelection(null, null), bed.Limit);
        File.Delete(Path.Join(_store.Path, "absent.gguf"));
        await catalog.FindPulledAsync(Cancellation);
        await DaemonFixture.WaitUntilAsync(
            () =>
            {
                bed.Time.Advance(TimeSpan.FromSeconds(5));
                return Task.FromResult(loader.Problems.Count > 0);
            },
            DaemonFixture.Patience);
        Assert.StartsWith("Model absent:latest is not preloaded: ", Assert.Single(loader.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_settings_of_a_reload_win_over_a_search_that_began_before()
    {
        await using var bed = new PoolBed(new RunnerSettings { MaxRunners = 2 });
        _store.Write("finch.gguf", Good);
        _store.Write("otter.gguf", Good);
        using var allowed = new ManualResetEventSlim();
        DaemonSettings settings = Preload("finch");
        var catalog = new ModelCatalog(settings, bed.Time, () =>
        {
            allowed.Wait(DaemonFixture.Patience);
            return StoreScanner.Scan(_store.Path);
        }, new FileThreads(1, 1));
        var loader = new ResidentLoader(catalog, () => settings, bed.Pool, bed.Time, NullLogger<ResidentLoader>.Instance);

        Task start = loader.ApplyAsync(Cancellation);
        settings = Preload("otter");
        Task reload = loader.ApplyAsync(Cancellation);
        allowed.Set();
        await Task.WhenAll(start, reload);

        Assert.Equal("otter:latest", (await bed.StartedAsync()).Key.Model);
        await bed.SettleAsync();
        Assert.Equal(0, bed.Launcher.Untaken);
        Assert.Single(bed.Pool.Runners);
    }

    [Fact]
    public async Task A_model_whose_starts_failed_is_given_up_and_tried_again_with_another_file()
    {
        await using var bed = new PoolBed();
        string path = _store.Write("otter.gguf", Good);
        DaemonSettings settings = Preload("otter");
        var catalog = new ModelCatalog(settings, bed.Time, () => StoreScanner.Scan(_store.Path), new FileThreads(1, 1));
        var log = new ListLogger<ResidentLoader>();
        var loader = new ResidentLoader(catalog, () => settings, bed.Pool, bed.Time, log);
        await loader.ApplyAsync(Cancellation);
        for (int starts = 0; starts < 12; starts++)
        {
            (await NextAsync(bed)).Fail("the file is damaged");
            await bed.SettleAsync();
        }

        Task<FakeRunner> next = NextAsync(bed);

        // A decision is published before it is carried out, and the log comes last.
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(bed.Log.Lines.Count > 0), DaemonFixture.Patience);
        Assert.Contains(bed.Log.Lines, static line => line ==
            "otter:latest is not preloaded any more after 12 failed starts in a row. A request, a reload or another model file tries it again. "
            + "Last failure: the file is damaged");
        Assert.True(bed.Pool.HasGivenUp);
        Assert.Equal(
            "it is not preloaded any more after 12 failed starts in a row; a request, a reload or another model file tries it again",
            bed.Pool.Decisions.List(null, 1)[0].Text);
        Assert.False(next.IsCompleted);

        // At no moment is there no file.
        File.Move(_store.Write("next", [.. Good, 0]), path, overwrite: true);
        Assert.Equal("otter:latest", (await next).Key.Model);
        Assert.False(bed.Pool.HasGivenUp);
    }

    // Time passes until a runner starts.
    private static async Task<FakeRunner> NextAsync(PoolBed bed)
    {
        Task<FakeRunner> started = bed.StartedAsync().AsTask();
        await DaemonFixture.WaitUntilAsync(
            () =>
            {
                if (!started.IsCompleted)
                    bed.Time.Advance(TimeSpan.FromSeconds(5));
                return Task.FromResult(started.IsCompleted);
            },
            DaemonFixture.Patience);
        return await started;
    }

    private DaemonSettings Preload(params string[] models) => new()
    {
        Listen = new ListenSettings(null, null),
        ModelsPath = _store.Path,
        Models = models.ToDictionary(static model => $"{model}:latest", static _ => new ModelSettings { IsPreloaded = true }, StringComparer.Ordinal),
    };
}
