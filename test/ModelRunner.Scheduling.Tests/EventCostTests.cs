using System.Globalization;
using ModelRunner.Scheduling.Tests.Simulation;
using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

/// <summary>
/// What an event costs. Every request causes two, and one loop handles all of them. Allocated bytes are counted and not the time, which says little on
/// a busy machine: what computes much for nothing also allocates.
/// </summary>
public class EventCostTests(ITestOutputHelper output)
{
    private const int Requests = 200;
    private static readonly RunnerDemand Demand = new(0, TimeSpan.FromHours(100));
    private readonly Dice _dice = new(5);
    private TimeSpan _now;
    private long _lastRequest;

    // If the order of eviction is computed after each event, it is nearly twice as much.
    [Theory]
    [InlineData(3, false, 6)]
    [InlineData(8, false, 9)]
    [InlineData(32, false, 22)]
    [InlineData(3, true, 21)]
    [InlineData(8, true, 33)]
    [InlineData(32, true, 90)]
    public void A_request_for_a_loaded_model_allocates_little(int models, bool isOtherWaiting, int kibibytes)
    {
        RunnerKey[] keys = [.. Enumerable.Range(0, models).Select(static model => Key(model.ToString(CultureInfo.InvariantCulture)))];
        Scheduler scheduler = Load(keys);
        if (isOtherWaiting)
        {
            // The first model stays busy, so that the other one waits until each loaded model has had its time.
            Ask(scheduler, keys[0]);
            Ask(scheduler, A);
        }

        Use(scheduler, keys);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Use(scheduler, keys);
        double each = (GC.GetAllocatedBytesForCurrentThread() - before) / 1024.0 / Requests;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{models} models, other waits: {isOtherWaiting}: {each:0.0} KiB"));
        Assert.InRange(each, 0, kibibytes);
        Assert.Equal(isOtherWaiting ? 1 : 0, scheduler.Snapshot().Sum(static status => status.Queued));
    }

    [Fact]
    public void A_question_about_the_need_of_a_model_reuses_its_buffers()
    {
        RunnerKey[] keys = [.. Enumerable.Range(0, 32).Select(static model => Key(model.ToString(CultureInfo.InvariantCulture)))];
        var pattern = new UsePattern();
        Learn();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Learn();
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Requests, 0, 512);

        void Learn()
        {
            for (int i = 0; i < Requests; i++)
            {
                _now += Seconds(0.1);
                pattern.Arrive(keys[_dice.Below(keys.Length)], _now);
                pattern.End(keys[_dice.Below(keys.Length)], _now);
                foreach (RunnerKey key in keys)
                    pattern.NeedOf(key, [], _now);
            }
        }
    }

    // Each was used once, and stays for longer than the test runs.
    private Scheduler Load(RunnerKey[] keys)
    {
        var scheduler = new Scheduler(new SchedulerSettings
        {
            MaxRunners = keys.Length,
            QueueTimeout = TimeSpan.FromHours(10),
            SwapDelay = TimeSpan.FromHours(10),
            SwapRequests = int.MaxValue,
            BackgroundDelay = TimeSpan.FromHours(10),
        });
        foreach (RunnerKey key in keys)
        {
            RequestId request = Ask(scheduler, key, out IReadOnlyList<SchedulerEffect> effects);
            RunnerId runner = Assert.Single(effects.OfType<StartRunner>()).Runner;
            _now += Seconds(4);
            scheduler.Handle(new RunnerReady(runner), _now);
            scheduler.Handle(new RequestCompleted(request), _now);
        }

        return scheduler;
    }

    private void Use(Scheduler scheduler, RunnerKey[] keys)
    {
        for (int i = 0; i < Requests; i++)
        {
            _now += Seconds(0.3);
            RequestId request = Ask(scheduler, keys[_dice.Below(keys.Length)]);
            _now += Seconds(0.1);
            scheduler.Handle(new RequestCompleted(request), _now);
        }
    }

    private RequestId Ask(Scheduler scheduler, RunnerKey key) => Ask(scheduler, key, out _);

    private RequestId Ask(Scheduler scheduler, RunnerKey key, out IReadOnlyList<SchedulerEffect> effects)
    {
        var request = new RequestId(++_lastRequest);
        effects = scheduler.Handle(new RequestArrived(request, key, Demand), _now);
        return request;
    }
}
