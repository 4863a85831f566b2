using System.Globalization;
using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Faults;

/// <summary>The daemon may open no more files than it has open.</summary>
internal sealed class DescriptorLimit : Fault
{
    private string _before = "";

    public override string Name => "no descriptors";

    public override bool MayRefuse => true;

    public override async Task BeginAsync(LabDaemon lab, string victim)
    {
        _before = (await CommandLineTool.RunAsync("prlimit", $"--pid={lab.ProcessId}", "--nofile", "--noheadings", "--raw", "--output=SOFT,HARD")).Trim().Replace(' ', ':');
        string hard = _before[(_before.IndexOf(':', StringComparison.Ordinal) + 1)..];
        string soft = ProcessFolder.CountDescriptors(lab.ProcessId).ToString(CultureInfo.InvariantCulture);
        await CommandLineTool.RunAsync("prlimit", $"--pid={lab.ProcessId}", $"--nofile={soft}:{hard}");
    }

    public override Task EndAsync(LabDaemon lab, string victim) =>
        lab.HasEnded ? Task.CompletedTask : CommandLineTool.RunAsync("prlimit", $"--pid={lab.ProcessId}", $"--nofile={_before}");
}
