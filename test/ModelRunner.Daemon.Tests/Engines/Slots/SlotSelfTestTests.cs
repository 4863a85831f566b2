using Microsoft.Extensions.Logging.Abstractions;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines.Llama.Slots;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines.Slots;

/// <summary>What the self-test accepts and what it does not, with a fake engine.</summary>
public sealed class SlotSelfTestTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(null, null)]
    [InlineData("restores nothing", "the engine uses 0 tokens of a restored context instead of ")]
    [InlineData("restores half", "the engine does not restore what it saved")]
    [InlineData("restores garbage", "the engine answers differently after a restore")]
    [InlineData("keeps erased", "the engine does not empty a slot when it is told to")]
    [InlineData("refuses to save", "the engine refuses to save the context of a slot")]
    [InlineData("never reuses", "the engine does not continue the context of a slot even without a restore")]
    [InlineData("tells no tokens", "the engine does not report the tokens in its slots")]
    public async Task Only_an_engine_that_really_continues_a_restored_context_passes(string? fault, string? expected)
    {
        using var engine = new FakeSlotEngine(slots: 2, fault);
        SlotSelfTest test = Create(engine, window: 0, context: 2048);

        string? problem = await test.RunAsync("t", TestContext.Current.CancellationToken);

        if (expected is null)
            Assert.Null(problem);
        else
            Assert.StartsWith(expected, problem, StringComparison.Ordinal);
        Assert.True(test.Computed > 0 && test.Produced > 0);
        if (fault != "keeps erased")
            Assert.Equal(0, engine.TokensIn(0));
        Assert.Equal(0, engine.TokensIn(1));
    }

    [Theory]
    [InlineData(512, 2048, true)]
    [InlineData(512, 256, false)]
    [InlineData(4096, 8192, false)]
    public async Task A_window_is_tested_beyond_its_length_or_not_at_all(int window, int context, bool passes)
    {
        using var engine = new FakeSlotEngine(slots: 1);
        SlotSelfTest test = Create(engine, window, context);

        string? problem = await test.RunAsync("t", TestContext.Current.CancellationToken);

        Assert.Equal(passes, problem is null);
        Assert.Equal(passes, test.Computed > 2 * window);
        if (!passes)
            Assert.EndsWith($"because the model looks back {window}", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_that_is_ended_says_so()
    {
        using var engine = new FakeSlotEngine(slots: 1, "hangs");
        using var ended = new CancellationTokenSource();
        Task<string?> running = Create(engine, window: 0, context: null).RunAsync("t", ended.Token);
        await ended.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private SlotSelfTest Create(FakeSlotEngine engine, long window, int? context)
    {
        var store = new SlotStore(new KvCacheSettings { Persist = true, FolderPath = _folder.PathOf("kv-cache") }, NullLogger.Instance);
        Assert.NotNull(store.Prepare());
        return new SlotSelfTest(new SlotServer(engine.Endpoint), store, window, context);
    }
}
