using ModelRunner.Reliability.Lab;
using ModelRunner.ScrapeBenchmark;
using ModelRunner.Testing;

namespace ModelRunner.Reliability.Faults;

/// <summary>The control group of the daemon and its runners allows no more processes and threads than there are.</summary>
internal sealed class ProcessLimit : Fault
{
    private PidsGroup? _group;

    public override string Name => "no processes";

    public override bool MayRefuse => true;

    public override Task BeginAsync(LabDaemon lab, string victim)
    {
        _group = PidsGroup.TryCreate() ?? throw new BenchmarkException("this user may not make control groups");
        foreach (int process in (int[])[lab.ProcessId, .. lab.FindProcesses()])
            _group.Add(process);
        _group.Limit(_group.Count);
        return Task.CompletedTask;
    }

    public override Task EndAsync(LabDaemon lab, string victim)
    {
        _group?.Limit(null);
        _group?.Dispose();
        return Task.CompletedTask;
    }
}
