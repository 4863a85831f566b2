using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Gguf;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>The context of models whose <c>contextSize</c> is <c>auto</c>, with the memory of the others.</summary>
public class WantedModelsTests
{
    private const long Mebibyte = 1 << 20;
    private const int Trained = 65_536;

    private static readonly RunnerKey Key = new("llama.cpp", "a:latest", RunnerMode.Completion);
    private static readonly ModelEntry Model = Read();

    private readonly MemoryPeaks _peaks = new();

    [Fact]
    public void The_chosen_context_fits_and_the_next_larger_one_does_not()
    {
        (RunnerDemand demand, ModelEntry model) = Take(400 * Mebibyte);

        Assert.InRange(model.ContextSize, 8192, Trained - 1);
        Assert.Equal(model.MemoryBytes(RunnerMode.Completion), demand.MemoryBytes);
        Assert.InRange(demand.MemoryBytes, 300 * Mebibyte, 400 * Mebibyte);
        Assert.True(model.WithContext(model.ContextSize + (model.ContextSize / 4)).MemoryBytes(RunnerMode.Completion) > 400 * Mebibyte);
        Assert.Equal(model.ContextSize, model.Shape!.Context);
    }

    [Fact]
    public void Loaded_models_and_those_that_wait_keep_their_memory_and_stopping_ones_give_it_back()
    {
        int alone = Take(400 * Mebibyte).Model.ContextSize;
        int beside = Take(400 * Mebibyte, Other(RunnerState.Ready, 100 * Mebibyte)).Model.ContextSize;

        Assert.True(beside < alone && beside >= 4096);
        Assert.Equal(beside, Take(400 * Mebibyte, Other(RunnerState.Waiting, 100 * Mebibyte)).Model.ContextSize);
        Assert.Equal(alone, Take(400 * Mebibyte, Other(RunnerState.Stopping, 100 * Mebibyte)).Model.ContextSize);
    }

    [Fact]
    public void An_idle_model_is_stopped_for_the_usual_context_only() =>
        Assert.Equal(4096, Take(400 * Mebibyte, Other(RunnerState.Ready, 390 * Mebibyte)).Model.ContextSize);

    [Fact]
    public void Beside_a_pinned_model_a_smaller_context_than_the_usual_one_is_possible() => Assert.InRange(
        Take(400 * Mebibyte, Other(RunnerState.Ready, 325 * Mebibyte, TimeSpan.FromSeconds(-1))).Model.ContextSize, 512, 4095);

    [Fact]
    public void Of_measured_memory_a_part_stays_for_other_programs()
    {
        var models = new WantedModels(new RunnerDemands(_peaks), budget: null);
        MemoryMeasured measured = models.SetMeasured(400 * Mebibyte);
        var request = new PendingRequest(new RequestId(1), Key, Model);

        Assert.Equal(400 * Mebibyte, measured.BudgetBytes);
        Assert.InRange(models.Take(request, default, []).MemoryBytes, 250 * Mebibyte, 360 * Mebibyte);
    }

    [Fact]
    public void Without_a_budget_the_usual_context_is_used() => Assert.Equal(4096, Take(budget: null).Model.ContextSize);

    [Fact]
    public void A_loaded_runner_keeps_the_context_that_it_has()
    {
        var models = new WantedModels(new RunnerDemands(_peaks), 400 * Mebibyte);
        models.Take(new PendingRequest(new RequestId(1), Key, Model), default, []);
        int first = models.Find(Key)!.ContextSize;
        models.SetBudget(2000 * Mebibyte);
        models.Take(new PendingRequest(new RequestId(2), Key, Model), default, [Other(RunnerState.Loading, Mebibyte) with { Key = Key }]);
        Assert.Equal(first, models.Find(Key)!.ContextSize);

        models.Take(new PendingRequest(new RequestId(3), Key, Model), default, []);
        Assert.True(models.Find(Key)!.ContextSize > first);
    }

    [Fact]
    public void What_was_measured_of_a_context_counts()
    {
        ModelEntry first = Take(400 * Mebibyte).Model;
        string key = MemoryKey.Of(first, RunnerMode.Completion)!;
        _peaks.Record(new LoadPeak(key, 1, 500 * Mebibyte, null, HasServed: true));

        (RunnerDemand demand, ModelEntry second) = Take(400 * Mebibyte);
        Assert.True(second.ContextSize < first.ContextSize);
        Assert.True(demand.MemoryBytes <= 400 * Mebibyte);
    }

    [Fact]
    public void A_model_with_a_fixed_context_is_taken_as_it_is()
    {
        var models = new WantedModels(new RunnerDemands(_peaks), 100);
        var demand = new RunnerDemand(7, null);
        ModelEntry model = Model with { MaxAutoContext = null, ContextSize = 5 };

        Assert.Equal(demand, models.Take(new PendingRequest(new RequestId(1), Key, model), demand, []));
        Assert.Same(model, models.Find(Key));
        models.Keep([]);
        Assert.Null(models.Find(Key));
    }

    private (RunnerDemand Demand, ModelEntry Model) Take(long? budget, params RunnerSnapshot[] runners)
    {
        var models = new WantedModels(new RunnerDemands(_peaks), budget);
        RunnerDemand demand = models.Take(new PendingRequest(new RequestId(1), Key, Model), default, runners);
        return (demand, models.Find(Key)!);
    }

    private static RunnerSnapshot Other(RunnerState state, long bytes, TimeSpan keepAlive = default) => new()
    {
        Id = new RunnerId(9), Key = Key with { Model = "b:latest" }, State = state, IsAttached = false, Engine = "fake", MemoryBytes = bytes,
        KeepAlive = keepAlive,
    };

    private static ModelEntry Read()
    {
        byte[] file = ShapeModels.Build("llama");
        GgufHeader header = GgufHeaderReader.Read(new MemoryStream(file)).Header!;
        var shape = new RunnerShape { Context = 4096, Slots = 4 };
        return new ModelEntry("a:latest", "/m/a.gguf", file.Length, default, new ModelSettings { HasAutoContext = true })
        {
            Header = header, WeightBytes = file.Length, Shape = shape, MaxAutoContext = Trained, MemoryIdentity = "identity",
            Memory = new Dictionary<RunnerMode, MemoryEstimate> { [RunnerMode.Completion] = MemoryEstimate.Of(header, file.Length, shape) },
        };
    }
}
