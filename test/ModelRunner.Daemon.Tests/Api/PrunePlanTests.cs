using ModelRunner.Daemon.Api;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Tests.Api;

public sealed class PrunePlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    private readonly List<PruneCandidate> _models = [];

    public PrunePlanTests()
    {
        Add("old", days: 40, ("a", 100));
        Add("twin", days: 35, ("b", 50), ("shared", 500));
        Add("other-twin", days: 20, ("c", 60), ("shared", 500));
        Add("new", days: 1, ("d", 1000));
    }

    [Fact]
    public void Without_limits_every_model_stays()
    {
        PrunePlan plan = Make(null, null);

        Assert.Empty(plan.Removed);
        Assert.Empty(plan.Kept);
        Assert.Equal(1710, plan.Bytes);
    }

    [Fact]
    public void A_model_whose_files_another_program_has_too_frees_nothing_and_stays_under_a_limit()
    {
        _models.Clear();
        Add("linked", days: 50, ("b", 0));
        _models[0] = _models[0] with { LinkedBytes = 700 };
        Add("old", days: 40, ("a", 100));

        PrunePlan plan = Make(50, null);
        Assert.Equal([("old", 100L)], plan.Removed.Select(static item => (item.Name, item.Bytes)));

        plan = Make(null, TimeSpan.FromDays(45));
        Assert.Equal(("linked", 0L), (Assert.Single(plan.Removed).Name, plan.Removed[0].Bytes));
        Assert.EndsWith(" stay occupied, because another program has the same file", plan.Removed[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_least_recently_used_go_first_and_a_shared_file_with_its_last_model()
    {
        PrunePlan plan = Make(1100, null);

        Assert.Equal([("old", 100L), ("twin", 50L), ("other-twin", 560L)], plan.Removed.Select(static item => (item.Name, item.Bytes)));
        Assert.Equal(1000, plan.Bytes);
        Assert.Equal(
            "the least recently used one, since 2026-10-19 12:00 UTC; the models occupy 1.71 kB of 1.10 kB", plan.Removed[0].Reason);
    }

    [Fact]
    public void As_few_models_as_possible_go()
    {
        Assert.Equal(["old"], Make(1610, null).Removed.Select(static item => item.Name));
        Assert.Empty(Make(1710, null).Removed);
    }

    [Fact]
    public void Models_that_were_not_used_for_a_time_go_whatever_they_occupy()
    {
        PrunePlan plan = Make(null, TimeSpan.FromDays(30));

        Assert.Equal(["old", "twin"], plan.Removed.Select(static item => item.Name));
        Assert.Equal("not used since 2026-10-19 12:00 UTC", plan.Removed[0].Reason);
    }

    [Fact]
    public void A_protected_model_stays_and_is_named()
    {
        _models[0] = _models[0] with { Protection = "it is loaded" };

        PrunePlan plan = Make(0, null);

        Assert.Equal([("old", 100L, "it is loaded")], plan.Kept.Select(static item => (item.Name, item.Bytes, item.Reason)));
        Assert.Equal(["twin", "other-twin", "new"], plan.Removed.Select(static item => item.Name));
        Assert.Equal(100, plan.Bytes);
    }

    private PrunePlan Make(long? keepUnder, TimeSpan? unusedFor) => PrunePlan.Make(_models, new PruneLimits(keepUnder, unusedFor, IsDryRun: false), Now);

    private void Add(string name, int days, params (string File, long Bytes)[] files)
    {
        KeyValuePair<Digest, long>[] digests =
            [.. files.Select(static file => KeyValuePair.Create(ContentHash.Of(System.Text.Encoding.UTF8.GetBytes(file.File)), file.Bytes))];
        var entry = new StoreEntry(ContentHash.Of(System.Text.Encoding.UTF8.GetBytes(name)), [name], [.. digests.Select(static file => file.Key)]);
        _models.Add(new PruneCandidate(entry, name, digests, Now - TimeSpan.FromDays(days), null));
    }
}
