using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class SettingsStoreTests
{
    private static readonly DaemonSettings First = new() { Listen = new ListenSettings("/x.sock", null), ModelsPath = "/models" };
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    private readonly SettingsStore _store = new(First, Start);

    [Fact]
    public async Task Subscribers_are_told_one_after_the_other_and_see_the_new_settings()
    {
        DaemonSettings next = First with { ApiKey = "k" };
        List<string> told = [];
        var gate = new TaskCompletionSource();
        _store.Subscribe(async change =>
        {
            told.Add($"first {change.Previous.ApiKey ?? "none"} {change.Next.ApiKey} {_store.Current.ApiKey}");
            await gate.Task;
        });
        _store.Subscribe(settings => told.Add($"second {settings.ApiKey}"));

        Task replacing = _store.ReplaceAsync(next, Start + TimeSpan.FromSeconds(5));
        gate.SetResult();
        await replacing;

        Assert.Equal(["first none k k", "second k"], told);
        Assert.Same(next, _store.Current);
        Assert.Equal(new ReloadSnapshot(IsSuccessful: true, Start + TimeSpan.FromSeconds(5)), _store.LastReload);
    }

    [Fact]
    public async Task Changes_from_many_threads_are_made_one_after_another()
    {
        List<SettingsChange> changes = [];
        int running = 0;
        _store.Subscribe(async change =>
        {
            Assert.Equal(1, Interlocked.Increment(ref running));
            await Task.Yield();
            changes.Add(change);
            Interlocked.Decrement(ref running);
        });

        await Task.WhenAll(Enumerable.Range(1, 50).Select(number =>
            Task.Run(() => _store.ReplaceAsync(First with { MaxConnections = number }, Start))));

        Assert.Equal(50, changes.Count);
        Assert.Same(First, changes[0].Previous);
        Assert.All(changes.Zip(changes.Skip(1)), static pair => Assert.Same(pair.First.Next, pair.Second.Previous));
        Assert.Same(changes[^1].Next, _store.Current);
    }

    [Fact]
    public async Task A_subscriber_that_fails_does_not_keep_the_others_from_the_change()
    {
        DaemonSettings? seen = null;
        _store.Subscribe(static (DaemonSettings _) => throw new InvalidOperationException());
        _store.Subscribe(settings => seen = settings);

        await Assert.ThrowsAsync<AggregateException>(() => _store.ReplaceAsync(First with { ApiKey = "a" }, Start));
        await Assert.ThrowsAsync<AggregateException>(() => _store.ReplaceAsync(First with { ApiKey = "b" }, Start));

        Assert.Equal("b", seen?.ApiKey);
    }

    [Fact]
    public async Task A_failure_keeps_the_settings_and_the_time_of_the_last_success_and_its_problems_until_the_next_one()
    {
        _store.NoteFailure("a is wrong", "b is wrong");

        Assert.Same(First, _store.Current);
        Assert.Equal(new ReloadSnapshot(IsSuccessful: false, Start), _store.LastReload);
        Assert.Equal(["a is wrong", "b is wrong"], _store.Problems);

        await _store.ReplaceAsync(First, Start);
        Assert.Empty(_store.Problems);
    }

    [Fact]
    public async Task What_a_client_changed_stays_after_a_reload_and_is_no_reload()
    {
        List<string> outdated = [];
        _store.Subscribe(change =>
        {
            outdated.AddRange(change.FindOutdatedModels());
            return Task.CompletedTask;
        });

        await _store.OverrideAsync(static all => With(all, "a:latest", new ModelOverride { ContextSize = 64 }), flags: null);
        Assert.Equal(Start, _store.LastReload.SucceededAt);
        Assert.Same(First, _store.Written);
        await _store.ReplaceAsync(First with { ApiKey = "k" }, Start + TimeSpan.FromSeconds(5));
        await _store.OverrideAsync(static all => With(all, "a:latest", all["a:latest"] with { KeepAlive = TimeSpan.Zero }), flags: null);

        Assert.Equal(["a:latest"], outdated);
        Assert.Equal("k", _store.Current.ApiKey);
        Assert.Equal((64, TimeSpan.Zero), (_store.Current.Models["a:latest"].ContextSize, _store.Current.Models["a:latest"].KeepAlive));
        Assert.Empty(_store.Written.Models);

        await _store.OverrideAsync(static _ => new Dictionary<string, ModelOverride>(StringComparer.Ordinal), flags: null);
        Assert.Empty(_store.Current.Models);
        Assert.Equal(["a:latest", "a:latest"], outdated);
    }

    [Fact]
    public async Task The_arguments_that_an_engine_knew_are_forgotten_at_a_reload()
    {
        var flags = new EngineFlags(new HashSet<string>(StringComparer.Ordinal), new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal));
        await _store.OverrideAsync(static all => With(all, "a:latest", new ModelOverride { ContextSize = 64 }), flags);
        Assert.Same(flags, _store.Current.Runners.EngineFlags);
        var build = new LlamaBuild("b", "/b");
        await _store.ReplaceAsync(First with { Runners = First.Runners with { Builds = new Dictionary<string, LlamaBuild>(StringComparer.Ordinal) { ["b"] = build } } }, Start);
        await _store.OverrideAsync(static all => all, flags, "b");
        Assert.Null(_store.Current.Runners.EngineFlags);
        Assert.Same(flags, _store.Current.Runners.With("b").EngineFlags);

        // Its program may have been replaced.
        await _store.ReplaceAsync(First, Start);

        Assert.Null(_store.Current.Runners.EngineFlags);
        Assert.Equal(64, _store.Current.Models["a:latest"].ContextSize);
    }

    [Fact]
    public async Task What_an_engine_said_before_a_reload_is_not_used_after_it()
    {
        var flags = new EngineFlags(new HashSet<string>(StringComparer.Ordinal), new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal));
        DaemonSettings asked = _store.Written;
        await _store.ReplaceAsync(First with { ApiKey = "k" }, Start);

        await _store.OverrideAsync(static all => With(all, "a:latest", new ModelOverride { ContextSize = 64 }), flags, asked: asked);
        Assert.Equal((64, null), (_store.Current.Models["a:latest"].ContextSize, _store.Current.Runners.EngineFlags));

        await _store.OverrideAsync(static all => all, flags, asked: _store.Written);
        Assert.Same(flags, _store.Current.Runners.EngineFlags);
    }

    [Fact]
    public async Task A_change_that_is_refused_changes_nothing()
    {
        int told = 0;
        _store.Subscribe((DaemonSettings _) => told++);

        await Assert.ThrowsAsync<InvalidOperationException>(() => _store.OverrideAsync(static _ => throw new InvalidOperationException(), flags: null));

        Assert.Equal(0, told);
        Assert.Same(First, _store.Current);
    }

    private static Dictionary<string, ModelOverride> With(IReadOnlyDictionary<string, ModelOverride> all, string model, ModelOverride change) =>
        new(all, StringComparer.Ordinal) { [model] = change };
}
