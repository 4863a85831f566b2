using System.Globalization;
using ModelRunner.Reliability.Lab;
using ModelRunner.ScrapeBenchmark;
using ModelRunner.Testing;

namespace ModelRunner.Reliability.Faults;

/// <summary>The runner needs more memory than its control group has, and the kernel kills it.</summary>
internal sealed class RunnerMemory : Fault
{
    private const long LimitBytes = 64L << 20;
    private const string Need = "256";

    private MemoryGroup? _group;

    public override string Name => "runner out of memory";

    public override async Task BeginAsync(LabDaemon lab, string victim)
    {
        _group = MemoryGroup.TryCreate(LimitBytes) ?? throw new BenchmarkException("this user may not make control groups");
        int runner = lab.FindRunner(victim);
        if (runner == 0)
            return;
        await File.WriteAllTextAsync(_group.ProcessesPath, runner.ToString(CultureInfo.InvariantCulture));
        await StubControl.PostAsync(runner, "stub/memory", Need);
    }

    public override Task EndAsync(LabDaemon lab, string victim)
    {
        _group?.Dispose();
        return Task.CompletedTask;
    }
}
