using System.Globalization;
using ModelRunner.Scheduling.Tests.Simulation;
using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

/// <summary>The distances of models against their definition, which is slow.</summary>
public class StepDistancesTests
{
    private const int Capacity = 12;
    private const int Farthest = 16;

    [Fact]
    public void Distances_are_exactly_those_of_the_definition()
    {
        var distances = new StepDistances(Capacity, Farthest);
        RunnerKey[] keys = [.. Enumerable.Range(0, 30).Select(static model => Key(model.ToString(CultureInfo.InvariantCulture)))];
        for (ulong seed = 1; seed <= 200; seed++)
        {
            var dice = new Dice(seed);
            int models = 1 + dice.Below(keys.Length - 1);
            List<(RunnerKey From, RunnerKey To)> steps =
                [.. Enumerable.Range(0, 1 + dice.Below(Capacity)).Select(_ => (keys[dice.Below(models)], keys[dice.Below(models)]))];
            distances.Clear();
            foreach ((RunnerKey from, RunnerKey to) in steps)
                distances.Add(from, to);
            foreach (RunnerKey model in keys)
            {
                Dictionary<RunnerKey, double> expected = Define(steps, model);
                ReadOnlySpan<double> needs = distances.NeedsOf(model);
                foreach (RunnerKey at in keys)
                {
                    double need = distances.Find(needs, at);
                    double defined = Math.Pow(2, 1 - expected.GetValueOrDefault(at, Farthest));
                    Assert.True(need.Equals(defined), $"seed {seed}: from {at} to {model} the need is {need}");
                }
            }
        }
    }

    // A round knows what is reached within one more request than the round before. What is not reached is as far away as the rounds have looked.
    private static Dictionary<RunnerKey, double> Define(List<(RunnerKey From, RunnerKey To)> steps, RunnerKey model)
    {
        Dictionary<RunnerKey, double> distances = [];
        for (int round = 0; round < Farthest; round++)
        {
            Dictionary<RunnerKey, (double Sum, int Count)> next = [];
            foreach ((RunnerKey from, RunnerKey to) in steps)
            {
                (double sum, int count) = next.GetValueOrDefault(from);
                next[from] = (sum + 1 + (to == model ? 0 : distances.GetValueOrDefault(to, round)), count + 1);
            }

            distances = next.ToDictionary(static entry => entry.Key, static entry => entry.Value.Sum / entry.Value.Count);
        }

        return distances;
    }
}
