using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

/// <summary>One model does not use up the queue of all.</summary>
public class QueueLimitTests
{
    private static readonly RunnerKey EmbeddingA = Key("a", RunnerMode.Embedding);

    private readonly SchedulerBed _bed = new(new SchedulerSettings { MaxRunners = 1, MaxQueuedRequests = 4, MaxQueuedPerModel = 2 });

    [Fact]
    public void A_model_with_a_full_queue_is_refused_and_its_neighbour_gets_in()
    {
        RequestId first = _bed.Ask(A);
        _bed.Ask(A);
        RequestId third = _bed.Ask(A);
        Refuse refusal = _bed.Refusal();
        Assert.Equal((third, RefusalReason.ModelQueueFull, Seconds(1)), (refusal.Request, refusal.Reason, refusal.RetryAfter));
        Assert.Equal("2 requests wait for model \"a\" already, which is the limit (limits.maxQueuedPerModel); "
            + "try again later or raise limits.maxQueuedPerModel", refusal.Message);

        _bed.Ask(B);
        Assert.Empty(_bed.Effects.OfType<Refuse>());
        _bed.Handle(new ClientDisconnected(first));
        _bed.Ask(A);
        Assert.Empty(_bed.Effects.OfType<Refuse>());
    }

    [Fact]
    public void All_modes_of_a_model_share_its_limit()
    {
        _bed.Ask(A);
        _bed.Ask(EmbeddingA);
        _bed.Ask(EmbeddingA);
        Assert.Equal(RefusalReason.ModelQueueFull, _bed.Refusal().Reason);
    }

    [Fact]
    public void The_limit_of_all_models_holds_beside_that_of_one()
    {
        for (int i = 0; i < 2; i++)
        {
            _bed.Ask(A);
            _bed.Ask(B);
        }

        _bed.Ask(C);
        Assert.Equal(RefusalReason.QueueFull, _bed.Refusal().Reason);
    }

    [Fact]
    public void A_limit_of_the_model_replaces_the_common_one()
    {
        Ask(A, new QueueLimits(MaxRequests: 1, Timeout: null));
        Ask(A, new QueueLimits(MaxRequests: 1, Timeout: null));
        Assert.Equal("1 request waits for model \"a\" already, which is the limit (maxQueued of the model); "
            + "try again later or raise maxQueued", _bed.Refusal().Message);
        for (int i = 0; i < 3; i++)
            Ask(B, new QueueLimits(MaxRequests: 3, Timeout: null));
        Assert.Empty(_bed.Effects.OfType<Refuse>());
    }

    [Fact]
    public void An_interactive_request_takes_the_place_of_a_background_request_of_the_same_model()
    {
        _bed.Load(C);
        _bed.Ask(B, RequestPriority.Background);
        _bed.Ask(A, RequestPriority.Background);
        RequestId last = _bed.Ask(A, RequestPriority.Background);
        _bed.Ask(A);
        Assert.Equal((last, RefusalReason.ModelQueueFull), (_bed.Refusal().Request, _bed.Refusal().Reason));
        Assert.Contains("background", _bed.Refusal().Message, StringComparison.Ordinal);
        _bed.Ask(A);
        _bed.Refusal();

        RequestId refused = _bed.Ask(A);
        Assert.Equal(refused, _bed.Refusal().Request);
    }

    [Fact]
    public void A_model_with_a_queue_timeout_of_its_own_is_refused_by_it()
    {
        _bed.Load(C);
        RequestId patient = _bed.Ask(B);
        RequestId hasty = Ask(A, new QueueLimits(MaxRequests: null, Seconds(7)));
        _bed.Pass(Seconds(6.9));
        Assert.Empty(_bed.Effects.OfType<Refuse>());
        _bed.Pass(Seconds(0.1));
        Assert.Equal((hasty, RefusalReason.QueueTimeout), (_bed.Refusal().Request, _bed.Refusal().Reason));
        Assert.Contains("within 7 s (queueTimeout of the model)", _bed.Refusal().Message, StringComparison.Ordinal);
        _bed.Pass(TimeSpan.FromMinutes(5));
        Assert.Equal(patient, _bed.Refusal().Request);
        Assert.Contains("within 300 s (limits.queueTimeout)", _bed.Refusal().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reload_changes_the_limits_of_models_that_wait()
    {
        _bed.Load(C);
        RequestId waiting = _bed.Ask(A);
        Configure(new QueueLimits(MaxRequests: 1, Seconds(9)));
        _bed.Ask(B);
        Assert.Empty(_bed.Effects.OfType<Refuse>());
        _bed.Pass(Seconds(9));
        Assert.Equal((waiting, RefusalReason.QueueTimeout), (_bed.Refusal().Request, _bed.Refusal().Reason));
    }

    [Fact]
    public void A_lower_limit_refuses_nobody_who_waits_already()
    {
        _bed.Ask(A);
        _bed.Ask(A);
        Configure(new QueueLimits(MaxRequests: 1, Timeout: null));
        Assert.Empty(_bed.Effects.OfType<Refuse>());
        Ask(A, new QueueLimits(MaxRequests: 1, Timeout: null));
        Assert.Equal(RefusalReason.ModelQueueFull, _bed.Refusal().Reason);
        Assert.Equal(2, _bed.Status(A).Queued);
    }

    private void Configure(QueueLimits limits) => _bed.Handle(
        new ConfigurationChanged(new SchedulerSettings { MaxRunners = 1, MaxQueuedRequests = 4, MaxQueuedPerModel = 2 })
        {
            Queues = new Dictionary<string, QueueLimits>(StringComparer.Ordinal) { ["a"] = limits },
        });

    private RequestId Ask(RunnerKey key, QueueLimits limits) => _bed.Ask(key, new RunnerDemand(0, null) { Queue = limits });
}
