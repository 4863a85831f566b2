using ModelRunner.Store.Pulls;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>Pulls for keys that may use only some models, and pulls by others beside them. The registry of such a key may be slow on purpose.</summary>
public sealed class LimitedSlotTests
{
    private static readonly MadeArtifact Slow = Make(1);
    private static readonly MadeArtifact SecondSlow = Make(2);
    private static readonly MadeArtifact Wanted = Make(3);

    [Fact]
    public async Task Slow_registries_of_keys_leave_a_slot_to_others()
    {
        using var fixture = new PullFixture();
        await using FakeRegistry slow = await FakeRegistry.StartAsync(Slow);
        await using FakeRegistry secondSlow = await FakeRegistry.StartAsync(SecondSlow);
        await using FakeRegistry wanted = await FakeRegistry.StartAsync(Wanted);
        var gate = new TaskCompletionSource();
        slow.BeforeFile = secondSlow.BeforeFile = () => gate.Task;
        Pull first = fixture.Queue.Join(slow.Name, mustFetch: true);
        await slow.WaitForRequestsAsync(1);
        Pull second = fixture.Queue.Join(secondSlow.Name, mustFetch: true);

        Assert.Equal(PullResult.Success, (await fixture.PullAsync(wanted.Name)).Result);
        Assert.Equal(PullResult.Unchanged, (await fixture.PullAsync(wanted.Name)).Result);

        Assert.True(second.IsWaiting);
        Assert.Equal((1, 1), fixture.Queue.AheadOf(second));
        gate.SetResult();
        Assert.Equal(PullResult.Success, (await PullFixture.EndAsync(first)).Result);
        Assert.Equal(PullResult.Success, (await PullFixture.EndAsync(second)).Result);
        fixture.Queue.Leave(first);
        fixture.Queue.Leave(second);
        fixture.AssertHas(SecondSlow, secondSlow.Name.ToString());
    }

    [Fact]
    public async Task A_pull_that_leaves_while_it_waits_takes_no_slot()
    {
        using var fixture = new PullFixture();
        await using FakeRegistry slow = await FakeRegistry.StartAsync(Slow);
        await using FakeRegistry secondSlow = await FakeRegistry.StartAsync(SecondSlow);
        var gate = new TaskCompletionSource();
        slow.BeforeFile = () => gate.Task;
        Pull first = fixture.Queue.Join(slow.Name, mustFetch: true);
        await slow.WaitForRequestsAsync(1);

        Pull left = fixture.Queue.Join(secondSlow.Name, mustFetch: true);
        fixture.Queue.Leave(left);
        Assert.Equal(PullResult.Cancelled, (await PullFixture.EndAsync(left)).Result);
        fixture.Queue.Leave(first);
        Assert.Equal(PullResult.Cancelled, (await PullFixture.EndAsync(first)).Result);

        Assert.Equal(PullResult.Success, (await fixture.PullAsync(secondSlow.Name, mustFetch: true)).Result);
        gate.SetResult();
    }

    [Fact]
    public async Task With_one_slot_they_run_too()
    {
        using var fixture = new PullFixture(new PullSettings { MaxPulls = 1 });
        await using FakeRegistry registry = await FakeRegistry.StartAsync(Wanted);

        Assert.Equal(PullResult.Success, (await fixture.PullAsync(registry.Name, mustFetch: true)).Result);
    }

    [Fact]
    public async Task A_pull_counts_only_those_that_get_a_slot_before_it()
    {
        using var fixture = new PullFixture();
        await using FakeRegistry slow = await FakeRegistry.StartAsync(Slow);
        await using FakeRegistry secondSlow = await FakeRegistry.StartAsync(SecondSlow);
        await using FakeRegistry wanted = await FakeRegistry.StartAsync(Wanted);
        var gate = new TaskCompletionSource();
        slow.BeforeFile = secondSlow.BeforeFile = wanted.BeforeFile = () => gate.Task;
        Pull limited = fixture.Queue.Join(slow.Name, mustFetch: true);
        await slow.WaitForRequestsAsync(1);
        Pull waiting = fixture.Queue.Join(secondSlow.Name, mustFetch: true);
        Pull running = fixture.Queue.Join(wanted.Name);
        await wanted.WaitForRequestsAsync(1);

        Pull last = fixture.Queue.Join(secondSlow.Name);
        while (last.Place == 0)
            await Task.Yield();

        Assert.Equal((2, 2), fixture.Queue.AheadOf(last));
        Assert.Equal((1, 1), fixture.Queue.AheadOf(waiting));
        gate.SetResult();
        foreach (Pull pull in (Pull[])[limited, waiting, running, last])
        {
            Assert.True((await PullFixture.EndAsync(pull)).IsSuccess);
            fixture.Queue.Leave(pull);
        }
    }

    private static MadeArtifact Make(int seed) =>
        MadeArtifact.Of([.. "GGUF"u8, .. Enumerable.Range(0, 100_000).Select(number => (byte)(number * 13 + seed))]);
}
