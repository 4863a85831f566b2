using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>Which requests are told a place in the queue.</summary>
public sealed class QueueNoticeTests
{
    [Theory]
    [InlineData(1, 100, RefusalReason.ModelQueueFull)]
    [InlineData(100, 1, RefusalReason.QueueFull)]
    public async Task A_request_that_is_refused_at_once_has_no_place(int ofModel, int ofAll, RefusalReason reason)
    {
        await using var bed = new PoolBed(new RunnerSettings { MaxQueuedPerModel = ofModel, MaxQueuedRequests = ofAll });
        QueueNotice first = new(), refused = new();
        Task<AcquireOutcome> waiting = AskAsync(bed, first);
        FakeRunner runner = await bed.StartedAsync();

        AcquireOutcome outcome = await AskAsync(bed, refused);

        Assert.Equal(reason, outcome.Refusal?.Reason);
        Assert.Equal((1, null), (first.Position, refused.Position));
        runner.BecomeReady();
        (await waiting).Lease!.Dispose();
    }

    private static Task<AcquireOutcome> AskAsync(PoolBed bed, QueueNotice notice) => bed.Pool.AcquireAsync(
        bed.Pool.KeyOf(null, PoolBed.Model("a"), RunnerMode.Completion), PoolBed.Model("a"), bed.Limit, notice: notice);
}
