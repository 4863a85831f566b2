using ModelRunner.Reliability.Lab;
using ModelRunner.ScrapeBenchmark;

namespace ModelRunner.Reliability.Faults;

/// <summary>SIGKILL to the daemon; its runners must be gone 2 s later. At the end it is started again.</summary>
internal sealed class DaemonKill : Fault
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(2);

    public override string Name => "daemon killed";

    public override bool SilencesDaemon => true;

    public override async Task BeginAsync(LabDaemon lab, string victim)
    {
        await lab.KillAsync();
        TimeSpan killed = Clock.Now;
        while (lab.FindProcesses() is { Count: > 0 } left)
        {
            if (Clock.Now - killed > EndLimit)
                throw new BenchmarkException($"I3: {left.Count} processes live {EndLimit.TotalSeconds} s after the daemon was killed");
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }

    public override Task EndAsync(LabDaemon lab, string victim) => lab.StartAsync();
}
