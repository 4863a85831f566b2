using System.Diagnostics;
using ModelRunner.Fuzz.Targets;

namespace ModelRunner.Fuzz.Running;

/// <summary>Gives mutated inputs to all targets in turn, in this process.</summary>
public static class FuzzRun
{
    /// <summary>Runs until the time is over or something does not hold. Every seed of the corpus is tried as it is first.</summary>
    /// <param name="time">How long.</param>
    /// <param name="seed">The same seed makes the same inputs in the same order.</param>
    public static FuzzReport Run(TimeSpan time, int seed)
    {
        var clock = Stopwatch.StartNew();
        var mutator = new Mutator(seed);
        long executions = 0;
        foreach (var input in Inputs(mutator))
        {
            foreach (var target in FuzzTarget.All)
            {
                if (clock.Elapsed >= time)
                    return new FuzzReport(executions, null, null, []);
                executions++;
                if (Failure(target, input) is { } failure)
                    return new FuzzReport(executions, target.Name, failure, input);
            }
        }

        throw new UnreachableException();
    }

    private static IEnumerable<byte[]> Inputs(Mutator mutator)
    {
        foreach (var seed in FuzzCorpus.Seeds)
            yield return seed;
        while (true)
            yield return mutator.Next(FuzzCorpus.Seeds);
    }

    // Every exception is a finding, whatever its type.
    private static string? Failure(FuzzTarget target, byte[] input)
    {
        try
        {
            target.Check(input);
            return null;
        }
#pragma warning disable CA1031
        catch (Exception failure)
#pragma warning restore CA1031
        {
            return $"{failure.GetType().Name}: {failure.Message}\n{failure.StackTrace}";
        }
    }
}
