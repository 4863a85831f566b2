using System.Diagnostics;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

/// <summary>All users can write to the temporary folder: their files must not lead the sweep to other files.</summary>
public sealed class FolderSweepTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const string Nobody = "65534";

    private static readonly DaemonIdentity Dead = DaemonIdentity.Own with { StartTime = 1 };

    private readonly TemporaryFolder _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_folder_of_another_user_stays_as_it_is()
    {
        Prerequisite.Require(Environment.IsPrivilegedProcess, "Only root can make a file that belongs to another user.");
        string planted = Make($"model-runner-{Dead}-00000001");
        File.WriteAllText(Path.Join(planted, "file"), "");
        await RunAsync("chown", "-R", Nobody, planted);

        Assert.Equal(0, Sweep());

        Assert.True(File.Exists(Path.Join(planted, "file")));
    }

    [Fact]
    public async Task A_folder_of_another_user_in_a_folder_of_ours_stays_as_it_is()
    {
        Prerequisite.Require(Environment.IsPrivilegedProcess, "Only root can make a file that belongs to another user.");
        string stale = Make($"model-runner-{Dead}-00000002");
        string planted = Directory.CreateDirectory(Path.Join(stale, "inner"), Private).FullName;
        File.WriteAllText(Path.Join(planted, "file"), "");
        await RunAsync("chown", "-R", Nobody, planted);

        Assert.Equal(0, Sweep());

        Assert.True(File.Exists(Path.Join(planted, "file")));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_folder_that_others_may_write_to_stays_as_it_is(UnixFileMode more)
    {
        string open = Make($"model-runner-{Dead}-00000003");
        File.WriteAllText(Path.Join(open, "file"), "");
        File.SetUnixFileMode(open, Private | more);

        Assert.Equal(0, Sweep());

        Assert.True(File.Exists(Path.Join(open, "file")));
    }

    [Fact]
    public void A_folder_that_a_living_process_holds_stays()
    {
        string held = Make($"model-runner-{Dead}-00000004");
        using HeldFolder? folder = HeldFolder.Open(held);
        Assert.True(folder!.TryLockShared());

        Assert.Equal(0, Sweep());

        Assert.True(Directory.Exists(held));
    }

    [Fact]
    public void A_name_that_becomes_a_link_during_the_sweep_is_not_followed()
    {
        const int Rounds = 20;
        const int Folders = 150;
        string victim = Make("victim");
        int swapped = 0;
        for (int round = 0; round < Rounds; round++)
        {
            File.WriteAllText(Path.Join(victim, "precious"), "");
            string stale = Make($"model-runner-{Dead}-{round:x8}");
            for (int i = 0; i < Folders; i++)
                File.WriteAllText(Path.Join(Directory.CreateDirectory(Path.Join(stale, $"d{i:d4}"), Private).FullName, "file"), "");
            string grave = Make($"grave{round}");
            bool isSwept = false;
            using var isReady = new ManualResetEventSlim();
            var swapper = new Thread(() =>
            {
                // Names are swapped only after the sweep has begun to remove files; before that they have no effect.
                isReady.Set();
                while (!Volatile.Read(ref isSwept) && Count(stale) == Folders)
                    Thread.Yield();
                if (Count(stale) == Folders)
                    return;
                for (int i = Folders - 1; i >= 0; i--)
                    if (TrySwap(Path.Join(stale, $"d{i:d4}"), Path.Join(grave, $"{i}"), victim))
                        swapped++;
            });
            swapper.Start();
            isReady.Wait(TestContext.Current.CancellationToken);

            Sweep();
            Volatile.Write(ref isSwept, true);
            swapper.Join();

            Assert.True(File.Exists(Path.Join(victim, "precious")), $"lost in round {round}");
        }

        Assert.NotEqual(0, swapped);
    }

    [Fact]
    public void A_pipe_or_a_link_instead_of_a_folder_is_ignored()
    {
        string target = Make("target");
        File.WriteAllText(Path.Join(target, "precious"), "");
        Directory.CreateSymbolicLink(Path.Join(_place.Path, $"model-runner-{Dead}-00000005"), target);
        File.WriteAllText(Path.Join(_place.Path, $"model-runner-{Dead}-00000006"), "");

        Assert.Equal(0, Sweep());

        Assert.True(File.Exists(Path.Join(target, "precious")));
    }

    [Theory]
    [InlineData(Private, true)]
    [InlineData(Private | UnixFileMode.OtherWrite, false)]
    public void XDG_RUNTIME_DIR_is_used_only_if_no_other_user_can_write_to_it(UnixFileMode mode, bool isTaken)
    {
        string perUser = Make("run");
        File.SetUnixFileMode(perUser, mode);

        string[] temporary = ["/somewhere", "/tmp"];
        Assert.Equal(isTaken ? [perUser, .. temporary] : temporary, RuntimeFolder.Places(perUser, "/somewhere/"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("relative")]
    [InlineData("/nowhere/at/all")]
    public void Without_a_usable_XDG_RUNTIME_DIR_the_temporary_folder_is_used(string? perUser) =>
        Assert.Equal(["/tmp"], RuntimeFolder.Places(perUser, "/tmp/"));

    private int Sweep() => OrphanSweep.Run([_place.Path]).Folders;

    private string Make(string name) => Directory.CreateDirectory(Path.Join(_place.Path, name), Private).FullName;

    private static int Count(string folder)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(folder).Count();
        }
        catch (DirectoryNotFoundException)
        {
            return 0;
        }
    }

    private static bool TrySwap(string folder, string grave, string victim)
    {
        try
        {
            Directory.Move(folder, grave);
            Directory.CreateSymbolicLink(folder, victim);
            return true;
        }
        catch (IOException)
        {
            // The sweep was faster.
            return false;
        }
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }
}
