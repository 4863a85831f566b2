using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Faults;

/// <summary>The configuration is broken and read again, and repaired and read again at the end.</summary>
internal sealed class Reload : Fault
{
    private string _before = "";

    public override string Name => "configuration broken";

    public override async Task BeginAsync(LabDaemon lab, string victim)
    {
        _before = await File.ReadAllTextAsync(FileOf(lab));
        await File.WriteAllTextAsync(FileOf(lab), """{"limits": {"maxRunners": 0, """);
        await CommandLineTool.SignalAsync(lab.ProcessId, "HUP");
    }

    public override async Task EndAsync(LabDaemon lab, string victim)
    {
        await File.WriteAllTextAsync(FileOf(lab), _before);
        await CommandLineTool.SignalAsync(lab.ProcessId, "HUP");
    }

    private static string FileOf(LabDaemon lab) => Path.Join(lab.Folder, "model-runner.json");
}
