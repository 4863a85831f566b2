using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Faults;

/// <summary>The runner of a model ends by SIGSEGV. It does that itself, because its runtime ignores the first one that comes from outside.</summary>
internal sealed class RunnerCrash : Fault
{
    private const string Segmentation = "11";

    public override string Name => "runner crashed";

    public override async Task BeginAsync(LabDaemon lab, string victim)
    {
        if (lab.FindRunner(victim) is > 0 and var runner)
            await StubControl.PostAsync(runner, "stub/signal", Segmentation);
    }
}
