using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Faults;

/// <summary>The daemon's wall clock jumps a day ahead, and a day behind at the end. Its monotonic clock goes on.</summary>
/// <param name="library">libfaketime.</param>
internal sealed class ClockJump(string library) : Fault
{
    public override string Name => "clock jumps";

    public override LabSetup Adjust(LabSetup setup) => setup with
    {
        Variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["LD_PRELOAD"] = library, ["FAKETIME_TIMESTAMP_FILE"] = "{folder}/clock", ["FAKETIME_NO_CACHE"] = "1", ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
        },
        Prepare = static folder => File.WriteAllTextAsync(Path.Join(folder, "clock"), "+0"),
    };

    public override Task BeginAsync(LabDaemon lab, string victim) => File.WriteAllTextAsync(Path.Join(lab.Folder, "clock"), "+86400");

    public override Task EndAsync(LabDaemon lab, string victim) => File.WriteAllTextAsync(Path.Join(lab.Folder, "clock"), "-86400");
}
