using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Faults;

/// <summary>A running stub behaves wrongly for a while.</summary>
/// <param name="name">Its name in tables.</param>
/// <param name="begin">The faults that are switched on, as JSON.</param>
/// <param name="end">The JSON that switches them off.</param>
internal sealed class StubFault(string name, string begin, string end) : Fault
{
    private int _runner;

    public override string Name => name;

    public override async Task BeginAsync(LabDaemon lab, string victim)
    {
        _runner = lab.FindRunner(victim);
        await StubControl.PostAsync(_runner, "stub/faults", begin);
    }

    public override Task EndAsync(LabDaemon lab, string victim) => StubControl.PostAsync(_runner, "stub/faults", end);
}
