using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Faults;

/// <summary>A signal to the runner of a model, and another one at the end.</summary>
/// <param name="name">Its name in tables.</param>
/// <param name="begin">As kill takes it.</param>
/// <param name="end">At the end; null: none.</param>
internal sealed class RunnerSignal(string name, string begin, string? end = null) : Fault
{
    private int _runner;

    public override string Name => name;

    public override async Task BeginAsync(LabDaemon lab, string victim)
    {
        _runner = lab.FindRunner(victim);
        if (_runner > 0)
            await CommandLineTool.SignalAsync(_runner, begin);
    }

    public override async Task EndAsync(LabDaemon lab, string victim)
    {
        if (_runner > 0 && end is not null)
            await CommandLineTool.SignalAsync(_runner, end);
    }
}
