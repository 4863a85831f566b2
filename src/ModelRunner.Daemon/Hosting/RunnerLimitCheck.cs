using ModelRunner.Configuration;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Hosting;

/// <summary>Checks of what runners may use, which need the machine.</summary>
internal static class RunnerLimitCheck
{
    /// <summary>The limits that this machine cannot hold.</summary>
    public static IEnumerable<ConfigurationProblem> Find(DaemonSettings settings, WrittenOptions written)
    {
        foreach ((string key, ProcessorSet processors) in FindSets(settings, written))
            if (ProcessorAffinity.FindProblem(processors) is { } problem)
                yield return new ConfigurationProblem(key, processors.ToString(), problem.Reason, problem.Remedy);
    }

    private static IEnumerable<(string Key, ProcessorSet Processors)> FindSets(DaemonSettings settings, WrittenOptions written)
    {
        if (settings.Runners.CpuSet is { } all)
            yield return (written.Find(ConfigurationCatalog.CpuSet)?.Key ?? ConfigurationCatalog.CpuSet.Name, all);
        foreach ((string model, ModelSettings own) in settings.Models)
            if (own.CpuSet is { } processors)
                yield return ($"models.{model}.cpuSet", processors);
    }
}
