using System.Diagnostics;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Tests.Linux.Files;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>Root manages the keys of a daemon that runs as another user, who must be able to read the file afterwards.</summary>
public sealed class KeysFileOwnerTests : IAsyncDisposable
{
    private const uint Nobody = 65534;
    private const UnixFileMode ForGroup = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    private readonly FakeDaemon _daemon = FakeDaemon.NotStarted();

    public KeysFileOwnerTests() => _daemon.Environment["MODEL_RUNNER_STATE"] = "state";

    private string Folder => Path.Join(_daemon.FolderPath, "state");

    private string FilePath => Path.Join(Folder, "keys.json");

    public ValueTask DisposeAsync() => _daemon.DisposeAsync();

    [Fact]
    public async Task The_file_keeps_its_owner_and_its_permissions_when_root_changes_it()
    {
        RequireRoot();
        await RunAsync("add", "ada");
        Give(FilePath);
        File.SetUnixFileMode(FilePath, ForGroup | UnixFileMode.OtherRead);

        await RunAsync("add", "bob");
        await RunAsync("revoke", "ada");

        var status = FileStatus.Of(FilePath);
        Assert.Equal((Nobody, Nobody, ForGroup | UnixFileMode.OtherRead), (status.Owner, status.Group, (UnixFileMode)(status.Mode & 0xFFF)));
        Assert.Equal(["bob"], NamesForNobody());
    }

    [Fact]
    public async Task A_new_file_and_a_new_folder_belong_to_the_owner_of_the_folder_above()
    {
        RequireRoot();
        Give(_daemon.FolderPath);

        await RunAsync("add", "ada", "--state-path", "state/deep");

        foreach (string path in (string[])[Folder, Path.Join(Folder, "deep"), Path.Join(Folder, "deep", "keys.json")])
            Assert.Equal((path, Nobody, Nobody), (path, FileStatus.Of(path).Owner, FileStatus.Of(path).Group));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Join(Folder, "deep", "keys.json")));
    }

    [Fact]
    public void A_lock_that_root_takes_can_be_taken_by_the_owner_of_the_file()
    {
        RequireRoot();
        Directory.CreateDirectory(Folder);
        Give(Folder);
        string path = FilePath + ProcessLock.Suffix;

        using ProcessLock? taken = ProcessLock.TryTake(path, FileOwner.Of(FilePath));

        Assert.Equal(Nobody, FileStatus.Of(path).Owner);
    }

    [Fact]
    public async Task The_permissions_stay_and_no_one_else_may_write()
    {
        await RunAsync("add", "ada");
        File.SetUnixFileMode(FilePath, ForGroup);
        await RunAsync("add", "bob");
        Assert.Equal(ForGroup, File.GetUnixFileMode(FilePath));

        File.SetUnixFileMode(FilePath, ForGroup | UnixFileMode.GroupWrite);
        DurableFile.Replace(FilePath, "{}"u8);
        Assert.Equal(ForGroup, File.GetUnixFileMode(FilePath));
    }

    [Fact]
    public async Task A_user_cannot_take_the_file_of_another_one()
    {
        RequireRoot();
        await RunAsync("add", "ada");
        Give(Folder);
        Open(_daemon.FolderPath);
        byte[] before = await File.ReadAllBytesAsync(FilePath, TestContext.Current.CancellationToken);

        string message = OtherUser.Run(() => Assert.Throws<IOException>(() => DurableFile.Replace(FilePath, "{}"u8)).Message);

        Assert.StartsWith($"{FilePath} belongs to user 0 and group 0; run this command as this user or as root (", message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(FilePath, TestContext.Current.CancellationToken));
        Assert.Equal(["keys.json"], Directory.GetFiles(Folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task The_daemon_refuses_a_file_of_a_stranger_and_the_commands_of_root_do_not()
    {
        RequireRoot();
        await RunAsync("add", "ada");
        Assert.Empty(Problems());

        Give(FilePath);

        Assert.Equal(
            $"{FilePath}: belongs to user {Nobody}, who could add keys; give it to the user of the daemon or to root: chown USER {FilePath}.",
            Assert.Single(Problems()).ToString());
        Assert.Contains("ada", (await RunAsync("list")).Out, StringComparison.Ordinal);
    }

    private static void RequireRoot() => Prerequisite.Require(Environment.IsPrivilegedProcess, "Only root can give a file to another user.");

    private static void Give(string path)
    {
        using Process chown = Process.Start("chown", [$"{Nobody}:{Nobody}", path]);
        chown.WaitForExit();
        Assert.Equal(0, chown.ExitCode);
    }

    // The other user has the group of root here, so the rights of the group count.
    private static void Open(string folder) => File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);

    private async Task<(int ExitCode, string Out, string Error)> RunAsync(params string[] arguments)
    {
        (int ExitCode, string Out, string Error) result = await _daemon.RunAsync(["key", .. arguments]);
        Assert.True(result.ExitCode == 0, result.Error);
        return result;
    }

    private List<ConfigurationProblem> Problems()
    {
        var problems = new List<ConfigurationProblem>();
        KeysFile.Read(FilePath, new DaemonOptions { WorkingDirectory = "/", BaseDirectory = "/" }, [], apiKey: null, problems);
        return problems;
    }

    private string[] NamesForNobody()
    {
        Open(_daemon.FolderPath);
        Open(Folder);
        byte[] json = OtherUser.Run(() => File.ReadAllBytes(FilePath));
        using var document = System.Text.Json.JsonDocument.Parse(json);
        return [.. document.RootElement.GetProperty("keys").EnumerateObject().Select(static key => key.Name)];
    }
}
