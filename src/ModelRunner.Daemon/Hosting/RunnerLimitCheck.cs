using ModelRunner.Configuration;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Hosting;

/// <summary>Checks of what runners may use, which need the machine.</summary>
internal static class RunnerLimitCheck
{
    private const string Delegation = "run the daemon as a service of systemd with Delegate=memory, as the units in deploy/systemd do, or leave it out";

    /// <summary>The limits that this machine cannot hold.</summary>
    public static IEnumerable<ConfigurationProblem> Find(DaemonSettings settings, WrittenOptions written)
    {
        foreach ((string key, ProcessorSet processors) in FindSets(settings, written))
            if (ProcessorAffinity.FindProblem(processors) is { } problem)
                yield return new ConfigurationProblem(key, processors.ToString(), problem.Reason, problem.Remedy);

        // One line is enough: what is missing is the same for all of them.
        if (FindMemoryLimit(settings, written) is (string option, string text) && DelegatedGroup.OfProcess.Prepare() is { } reason)
            yield return new ConfigurationProblem(option, text, $"cannot be kept: {reason}", Delegation);
    }

    private static (string Key, string Text)? FindMemoryLimit(DaemonSettings settings, WrittenOptions written)
    {
        if (settings.Runners.MemoryLimitBytes is { } all)
            return (written.Find(ConfigurationCatalog.MemoryLimit)?.Key ?? ConfigurationCatalog.MemoryLimit.Name, ByteSizeText.Format(all));
        foreach ((string model, ModelSettings own) in settings.Models)
            if (own.MemoryLimitBytes is not null && written.FindOfModel(model, "memoryLimit") is { } limit)
                return (written.File.LocationOf(limit), limit.Text);
        return null;
    }

    private static IEnumerable<(string Key, ProcessorSet Processors)> FindSets(DaemonSettings settings, WrittenOptions written)
    {
        if (settings.Runners.CpuSet is { } all)
            yield return (written.Find(ConfigurationCatalog.CpuSet)?.Key ?? ConfigurationCatalog.CpuSet.Name, all);
        foreach ((string model, ModelSettings own) in settings.Models)
            if (own.CpuSet is { } processors && written.FindOfModel(model, "cpuSet") is { } set)
                yield return (written.File.LocationOf(set), processors);
    }
}
