using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Faults;

/// <summary>The disk of the ledger and of the log files is full, or that of the ledger was read-only already when the daemon started. Only root can mount it.</summary>
/// <param name="isReadOnly">It cannot be written; else it is full.</param>
internal sealed class StateDisk(bool isReadOnly) : Fault
{
    public override string Name => isReadOnly ? "disk read-only" : "disk full";

    public override LabSetup Adjust(LabSetup setup) => setup with
    {
        // A daemon that cannot write its log files does not start.
        LogFolder = isReadOnly ? "log" : setup.LogFolder,
        Prepare = MountAsync,
        CleanUp = static folder => CommandLineTool.RunAsync("umount", Path.Join(folder, "state")),
    };

    public override Task BeginAsync(LabDaemon lab, string victim)
    {
        if (!isReadOnly)
            Fill(Path.Join(lab.StateFolder, "filler"));
        return Task.CompletedTask;
    }

    public override Task EndAsync(LabDaemon lab, string victim)
    {
        if (isReadOnly)
            return CommandLineTool.RunAsync("mount", "-o", "remount,rw", lab.StateFolder);
        File.Delete(Path.Join(lab.StateFolder, "filler"));
        return Task.CompletedTask;
    }

    // A disk with a file that is open for writing cannot become read-only, so it is that from the start of the daemon.
    private async Task MountAsync(string folder)
    {
        string state = Path.Join(folder, "state");
        await CommandLineTool.RunAsync("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", state);
        if (isReadOnly)
            await CommandLineTool.RunAsync("mount", "-o", "remount,ro", state);
    }

    private static void Fill(string path)
    {
        using var filler = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
                filler.Write(new byte[512]);
        }
        catch (IOException)
        {
            // Full.
        }
    }
}
