using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Faults;

/// <summary>The daemon stands still, as in a suspended virtual machine.</summary>
internal sealed class DaemonPause : Fault
{
    public override string Name => "daemon stopped";

    public override bool SilencesDaemon => true;

    public override Task BeginAsync(LabDaemon lab, string victim) => CommandLineTool.SignalAsync(lab.ProcessId, "STOP");

    public override Task EndAsync(LabDaemon lab, string victim) => CommandLineTool.SignalAsync(lab.ProcessId, "CONT");
}
