using ModelRunner.Daemon.Tests.Checks;
using ModelRunner.Linux;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

public sealed class OrphanSweepTests : IDisposable
{
    // No process had this id with this start time.
    private static readonly DaemonIdentity Dead = DaemonIdentity.Own with { StartTime = 1 };

    private readonly SpawnBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task Check_26_A_process_of_a_dead_daemon_is_killed_and_all_others_live()
    {
        ChildProcess orphan = await StartMarkedAsync(Dead.ToString());
        ChildProcess ours = await StartMarkedAsync(DaemonIdentity.Own.ToString());
        ChildProcess ofAnotherNamespace = await StartMarkedAsync((Dead with { Namespace = 7 }).ToString());
        ChildProcess nonsense = await StartMarkedAsync("1-2");
        ChildProcess unmarked = await StartMarkedAsync(null);

        OrphanSweep.Run([]);

        Assert.Equal(new ExitStatus(null, Libc.SigKill), await orphan.Exited.WaitAsync(TimeSpan.FromSeconds(30)));
        ChildProcess[] others = [ours, ofAnotherNamespace, nonsense, unmarked];
        Figures.Print($"1 process of a dead daemon killed, {others.Count(static child => ProcessTable.IsAlive(child.Id))} of {others.Length} others live");
        Assert.All(others, static child => Assert.True(ProcessTable.IsAlive(child.Id)));
    }

    /// <summary>Without an environment, the daemons are known from their private folders.</summary>
    [Fact]
    public async Task A_process_with_the_inherited_mark_of_a_dead_daemon_is_killed_and_all_others_live()
    {
        ChildProcess orphan = await StartMarkedAsync(null);
        ChildProcess ofAnother = await StartMarkedAsync(null);
        ChildProcess ours = await StartMarkedAsync(null);
        InheritedMark.Set(orphan.Id, InheritedMark.Of($"M={Dead}-7")!.Value);
        InheritedMark.Set(ofAnother.Id, InheritedMark.Of($"M={Dead with { StartTime = 2 }}-7")!.Value);
        Assert.Equal(InheritedMark.OwnerOf(DaemonIdentity.Own), InheritedMark.OwnerOf(InheritedMark.Find(ours.Id)!.Value));
        Make($"model-runner-{Dead}-00000005");
        Make($"model-runner-{DaemonIdentity.Own}-00000006");

        OrphanSweep.Run([_bed.Folder]);

        Assert.Equal(new ExitStatus(null, Libc.SigKill), await orphan.Exited.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.All([ofAnother, ours], static child => Assert.True(ProcessTable.IsAlive(child.Id)));
    }

    /// <summary>Every user can give a folder or a link a name, and search for a name whose hash is that of a daemon that lives.</summary>
    [Fact]
    public async Task A_name_that_another_user_chose_and_the_hash_of_a_living_daemon_kill_nothing()
    {
        DaemonIdentity chosen = Dead with { ProcessId = Dead.ProcessId + 1 };
        ChildProcess marked = await StartMarkedAsync(null);
        ChildProcess ours = await StartMarkedAsync(null);
        InheritedMark.Set(marked.Id, InheritedMark.Of($"M={chosen}-7")!.Value);
        Directory.CreateSymbolicLink(Path.Join(_bed.Folder, $"model-runner-{chosen}-00000001"), _bed.Folder);
        File.WriteAllText(Path.Join(_bed.Folder, $"model-runner-{chosen}-00000002"), "");
        if (Environment.IsPrivilegedProcess)
            await ChildProgram.RunAsync("chown", ["65534", Make($"model-runner-{chosen}-00000003")], [], TestContext.Current.CancellationToken);

        OrphanSweep.Run([_bed.Folder]);
        Assert.True(ProcessTable.IsAlive(marked.Id));
        OrphanSweep.KillProcesses([InheritedMark.OwnerOf(DaemonIdentity.Own), InheritedMark.OwnerOf(chosen)]);

        Assert.Equal(new ExitStatus(null, Libc.SigKill), await marked.Exited.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.True(ProcessTable.IsAlive(ours.Id));
    }

    [Fact]
    public void Folders_of_dead_daemons_are_removed_and_all_others_stay()
    {
        string stale = Make($"model-runner-{Dead}-00000001");
        File.WriteAllText(Path.Join(stale, "r1.sock"), "");
        string ours = Make($"model-runner-{DaemonIdentity.Own}-00000002");
        string foreign = Make($"model-runner-{Dead with { Namespace = 7 }}-00000003");
        string other = Make("model-runner-notes");

        (_, int folders) = OrphanSweep.Run([_bed.Folder, "/nowhere"]);

        Assert.Equal(1, folders);
        Assert.False(Directory.Exists(stale));
        Assert.All([ours, foreign, other], static folder => Assert.True(Directory.Exists(folder)));
    }

    [Fact]
    public void The_target_of_a_link_is_not_changed()
    {
        string target = Make("target");
        File.WriteAllText(Path.Join(target, "precious"), "");
        Directory.CreateSymbolicLink(Path.Join(_bed.Folder, $"model-runner-{Dead}-00000004"), target);

        OrphanSweep.Run([_bed.Folder]);

        Assert.True(File.Exists(Path.Join(target, "precious")));
    }

    [Fact]
    public void An_identity_is_read_as_it_was_written()
    {
        Assert.True(DaemonIdentity.TryParse(DaemonIdentity.Own.ToString(), out DaemonIdentity read));
        Assert.Equal(DaemonIdentity.Own, read);
        Assert.False(read.IsDead);
        Assert.NotEqual(0, read.Namespace);
        Assert.NotEqual(0, read.StartTime);
    }

    [Theory]
    [InlineData(true, null, 'S', true)]
    [InlineData(false, null, 'S', false)]
    [InlineData(false, 7L, 'S', false)]
    [InlineData(false, 7L, 'Z', true)]
    [InlineData(false, 8L, 'S', true)]
    public void A_daemon_whose_entry_cannot_be_read_counts_as_alive(bool isNumberFree, long? startTime, char state, bool isGone)
    {
        var daemon = new DaemonIdentity(1, 2, 7);

        Assert.Equal(isGone, daemon.IsGone(isNumberFree, startTime is { } time ? new ProcessEntry(2, state, 1, 2, 2, time) : null));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1-2")]
    [InlineData("1-2-3-4")]
    [InlineData("a-b-c")]
    [InlineData("1--2-3")]
    public void Invalid_text_is_not_an_identity(string text) => Assert.False(DaemonIdentity.TryParse(text, out _));

    [Fact]
    public void The_private_folder_is_created_in_the_first_folder_with_a_short_path()
    {
        string tooLong = Make(new string('x', 90));

        using var folder = RuntimeFolder.Create(["/nowhere", tooLong, _bed.Folder]);

        Assert.Equal(_bed.Folder, Path.GetDirectoryName(folder.Path));
        Assert.InRange(folder.SocketPath(long.MaxValue).Length, 1, 107);
    }

    [Fact]
    public void If_no_folder_can_be_used_the_message_names_them_and_the_solution()
    {
        IOException failure = Assert.Throws<IOException>(() => RuntimeFolder.Create(["/nowhere"]));

        Assert.Contains("/nowhere", failure.Message, StringComparison.Ordinal);
        Assert.Contains("XDG_RUNTIME_DIR", failure.Message, StringComparison.Ordinal);
    }

    private string Make(string name) => Directory.CreateDirectory(Path.Join(_bed.Folder, name)).FullName;

    private async Task<ChildProcess> StartMarkedAsync(string? mark)
    {
        string assignment = mark is null ? "" : $"{ProcessMark.OwnerVariable}={mark} ";
        ChildProcess child = await _bed.StartShellAsync($"echo up; {assignment}exec sleep 600");

        // The launcher of another test sweeps too, and may have been faster.
        while (ProcessTable.IsAlive(child.Id) && ProcessTable.NameOf(child.Id) != "sleep")
            await Task.Delay(2);
        return child;
    }
}
