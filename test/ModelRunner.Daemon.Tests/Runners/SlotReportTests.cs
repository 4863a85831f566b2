using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tests.Engines.Slots;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>Which request used which restored slot.</summary>
public sealed class SlotReportTests : IDisposable
{
    private readonly FakeSlotEngine _engine = new(slots: 3);
    private readonly List<SlotCount> _counts = [];
    private readonly SemaphoreSlim _counted = new(0);

    public void Dispose()
    {
        _engine.Dispose();
        _counted.Dispose();
    }

    [Theory]
    [InlineData(100L, SlotRestoreResult.Reused, 100)]
    [InlineData(300L, SlotRestoreResult.Reused, 200)]
    [InlineData(99L, SlotRestoreResult.PartlyReused, 99)]
    [InlineData(1L, SlotRestoreResult.NotReused, 0)]
    [InlineData(0L, SlotRestoreResult.NotReused, 0)]
    [InlineData(null, SlotRestoreResult.Unverified, 0)]
    public async Task With_one_slot_the_first_request_decides(long? cached, object expected, long saved)
    {
        SlotReport report = Create(slots: 1, (0, 200));
        _engine.Use(0, 400);
        report.Begin();
        report.EndWith(cached, 401);
        Assert.Equal(new SlotCount { Restore = (SlotRestoreResult)expected, PrefillSaved = saved }, await NextAsync());

        report.Begin();
        report.EndWith(200, 401);
        Assert.Empty(report.TakeUnused(SlotListing.Parse("[]"u8.ToArray())));
        Assert.Single(_counts);
    }

    [Theory]
    [InlineData(FigureSource.Usage, 150, SlotRestoreResult.Reused, 150)]
    [InlineData(FigureSource.Usage, 0, SlotRestoreResult.Unverified, 0)]
    [InlineData(FigureSource.Events, 0, SlotRestoreResult.Unverified, 0)]
    public async Task A_usage_with_cached_tokens_tells_as_much_as_timings(object source, long cached, object expected, long saved)
    {
        SlotReport report = Create(slots: 3, (1, 200));
        _engine.Use(1, 203);
        report.Begin();
        report.EndWith(new ResponseFigures { Source = (FigureSource)source, PromptTokens = 200 - cached, CachedTokens = cached, GeneratedTokens = 4 });
        Assert.Equal(new SlotCount { Restore = (SlotRestoreResult)expected, PrefillSaved = saved }, await NextAsync());
    }

    [Fact]
    public async Task With_one_slot_a_request_that_tells_nothing_hides_what_the_next_one_takes()
    {
        SlotReport report = Create(slots: 1, (0, 200));
        _engine.Use(0, 400);
        report.Begin();
        report.Begin();
        report.EndWith(cachedTokens: null, contextTokens: null);
        report.EndWith(200, 401);
        Assert.Equal(new SlotCount { Restore = SlotRestoreResult.Unverified }, await NextAsync());
        Assert.Equal(0, report.ReusedTokens);
    }

    [Fact]
    public async Task With_one_slot_a_request_that_did_not_come_to_it_decides_nothing()
    {
        SlotReport report = Create(slots: 1, (0, 200));
        report.Begin();
        report.EndWith(cachedTokens: null, contextTokens: null);
        report.Begin();
        report.EndWith(200, 401);
        Assert.Equal(new SlotCount { Restore = SlotRestoreResult.Reused, PrefillSaved = 200 }, await NextAsync());
    }

    [Fact]
    public async Task With_several_slots_the_tokens_in_the_slot_tell_which_request_it_was()
    {
        SlotReport report = Create(slots: 3, (0, 200), (2, 300));
        report.Begin();
        report.Begin();
        _engine.Use(2, 350);
        _engine.Use(0, 250);
        report.EndWith(300, 351);
        Assert.Equal(new SlotCount { Restore = SlotRestoreResult.Reused, PrefillSaved = 300 }, await NextAsync());
        report.EndWith(40, 251);
        Assert.Equal(new SlotCount { Restore = SlotRestoreResult.PartlyReused, PrefillSaved = 40 }, await NextAsync());
        Assert.Equal(340, report.ReusedTokens);
    }

    [Fact]
    public async Task A_slot_that_the_next_request_has_taken_already_is_not_verified()
    {
        SlotReport report = Create(slots: 3, (1, 200));
        _engine.Use(1, 900);
        _engine.Busy = 1;
        report.Begin();
        report.EndWith(200, 210);
        Assert.Equal(new SlotCount { Restore = SlotRestoreResult.Unverified }, await NextAsync());
    }

    [Fact]
    public async Task A_request_in_another_slot_decides_nothing_and_a_slot_without_requests_is_unused()
    {
        SlotReport report = Create(slots: 3, (1, 200), (2, 100));
        _engine.Use(0, 50);
        report.Begin();
        report.EndWith(0, 51);
        _engine.Use(2, 120);

        IReadOnlyList<SlotStatus>? listing = await SlotListing.ReadAsync(_engine.Endpoint, TestContext.Current.CancellationToken);
        Assert.Equal(new Dictionary<int, long> { [1] = 200 }, report.TakeUnused(listing));
        Assert.Equal([SlotRestoreResult.Unused, SlotRestoreResult.Unverified], _counts.Select(static count => count.Restore!.Value));
    }

    [Fact]
    public void What_happens_before_somebody_counts_is_counted_later()
    {
        var report = new SlotReport(_engine.Endpoint, TimeProvider.System);
        report.Count(new SlotCount { Restore = SlotRestoreResult.Damaged });
        report.CountWith(_counts.Add);
        Assert.Equal(SlotRestoreResult.Damaged, Assert.Single(_counts).Restore);
    }

    [Theory]
    [InlineData("""[{"id":0,"is_processing":false,"id_task":10,"n_prompt_tokens":2007},{"id":1,"is_processing":true}]""", "0 idle used 2007, 1 busy")]
    [InlineData("""[{"id":0,"is_processing":false,"id_task":3,"prompt":"x"}]""", "0 idle used")]
    [InlineData("""[]""", "")]
    [InlineData("""[{"id":-1,"is_processing":false}]""", null)]
    [InlineData("""[{"id":0}]""", null)]
    [InlineData("""{"error":{}}""", null)]
    [InlineData("""[{""", null)]
    public void The_list_of_slots_is_read(string body, string? expected)
    {
        IReadOnlyList<SlotStatus>? slots = SlotListing.Parse(System.Text.Encoding.UTF8.GetBytes(body));
        string? shown = slots is null ? null : string.Join(", ", slots.Select(static slot =>
            $"{slot.Id} {(slot.IsProcessing ? "busy" : "idle")}{(slot.WasUsed ? " used" : "")}{(slot.Tokens is { } tokens ? $" {tokens}" : "")}"));
        Assert.Equal(expected, shown);
    }

    private SlotReport Create(int slots, params (int Slot, long Tokens)[] restored)
    {
        var report = new SlotReport(_engine.Endpoint, TimeProvider.System);
        report.CountWith(count =>
        {
            _counts.Add(count);
            _counted.Release();
        });
        report.Activate(slots);
        foreach ((int slot, long tokens) in restored)
            report.AddRestored(slot, tokens);
        return report;
    }

    private async Task<SlotCount> NextAsync()
    {
        Assert.True(await _counted.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        return _counts[^1];
    }
}
