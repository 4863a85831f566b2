using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Faults;

/// <summary>The model crashes while it loads. Its runner is killed, so that it has to load.</summary>
internal sealed class FailingLoad : Fault
{
    private string _before = "{}";

    public override string Name => "load fails";

    public override async Task BeginAsync(LabDaemon lab, string victim)
    {
        _before = await File.ReadAllTextAsync(lab.FaultFileOf(victim));
        await File.WriteAllTextAsync(lab.FaultFileOf(victim), """{"exit_before_ready": 1}""");
        if (lab.FindRunner(victim) is > 0 and var runner)
            await CommandLineTool.SignalAsync(runner, "KILL");
    }

    public override Task EndAsync(LabDaemon lab, string victim) => File.WriteAllTextAsync(lab.FaultFileOf(victim), _before);
}
