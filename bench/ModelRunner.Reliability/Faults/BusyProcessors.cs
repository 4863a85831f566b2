using System.Diagnostics;
using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Faults;

/// <summary>Two processes for each core that calculate all the time.</summary>
internal sealed class BusyProcessors : Fault
{
    private readonly List<Process> _processes = [];

    public override string Name => "processors busy";

    public override Task BeginAsync(LabDaemon lab, string victim)
    {
        for (int i = 0; i < 2 * Environment.ProcessorCount; i++)
            _processes.Add(Process.Start("sh", ["-c", "while :; do :; done"]));
        return Task.CompletedTask;
    }

    public override async Task EndAsync(LabDaemon lab, string victim)
    {
        foreach (Process process in _processes)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        _processes.Clear();
    }
}
