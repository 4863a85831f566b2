using System.Diagnostics;
using ModelRunner.Client.Discovery;
using ModelRunner.Configuration;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Client;

public sealed class DaemonRegistryTests : IDisposable
{
    private static readonly RunningDaemon Daemon = new(42, "/run/d.sock", [new Uri("http://127.0.0.1:8080/")], "/home/me");

    private readonly TemporaryFolder _folder = new();

    private DaemonRegistry Registry => DaemonRegistry.Of(new DaemonOptions
    {
        Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["XDG_RUNTIME_DIR"] = _folder.Path },
        WorkingDirectory = "/",
        BaseDirectory = "/",
    });

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_registered_daemon_is_listed_until_it_is_removed()
    {
        using (Registry.Announce(Daemon))
        {
            RunningDaemon found = Assert.Single(Registry.List());
            Assert.Equal((42, "/run/d.sock", "/home/me", "unix:/run/d.sock"), (found.ProcessId, found.SocketPath, found.WorkingDirectory, found.Address));
            Assert.Equal(Daemon.Addresses, found.Addresses);
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Registry.FolderPath));
        }

        Assert.Empty(Registry.List());
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_daemon_that_was_killed_is_not_listed_and_its_file_is_removed()
    {
        DaemonIdentity own = DaemonIdentity.Own;
        string dead = Plant(own with { StartTime = own.StartTime + 1 });

        Assert.Empty(Registry.List());
        Assert.False(File.Exists(dead));
    }

    [Fact]
    public void A_daemon_of_another_container_is_not_removed_and_not_listed()
    {
        string foreign = Plant(DaemonIdentity.Own with { Namespace = 1 });

        Assert.Empty(Registry.List());
        Assert.True(File.Exists(foreign));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"pid":1,"addresses":[],"workingDirectory":"/"}""")]
    [InlineData("""{"pid":1,"socket":"relative.sock","addresses":[],"workingDirectory":"/"}""")]
    [InlineData("""{"pid":"x","socket":"/d.sock","addresses":[],"workingDirectory":"/"}""")]
    [InlineData("""{"pid":1,"socket":"/d.sock","addresses":["?"],"workingDirectory":"/"}""")]
    public void An_invalid_file_is_ignored(string text)
    {
        Plant(DaemonIdentity.Own, text);
        File.WriteAllText(Path.Join(Registry.FolderPath, "notes.json"), "{}");

        Assert.Empty(Registry.List());
    }

    [Fact]
    public void A_folder_that_others_may_write_to_is_not_used()
    {
        Plant(DaemonIdentity.Own);
        File.SetUnixFileMode(Registry.FolderPath, File.GetUnixFileMode(Registry.FolderPath) | UnixFileMode.GroupWrite);

        Assert.Empty(Registry.List());
        Assert.Contains(Registry.FolderPath, Assert.Throws<IOException>(() => Registry.Announce(Daemon)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_removed_and_the_message_has_its_real_path()
    {
        Directory.CreateDirectory(Registry.FolderPath, (UnixFileMode)0x1C0);
        string inTheWay = Directory.CreateDirectory(Path.Join(Registry.FolderPath, $"{DaemonIdentity.Own}.json")).FullName;

        string message = Assert.Throws<IOException>(() => Registry.Announce(Daemon)).Message;

        Assert.Contains(Registry.FolderPath, message, StringComparison.Ordinal);
        Assert.DoesNotContain("/proc/", message, StringComparison.Ordinal);
        Assert.Equal([inTheWay], Directory.EnumerateFileSystemEntries(Registry.FolderPath));
    }

    [Fact]
    public void A_link_to_a_folder_is_not_followed()
    {
        string elsewhere = Directory.CreateDirectory(Path.Join(_folder.Path, "elsewhere"), (UnixFileMode)0x1C0).FullName;
        File.CreateSymbolicLink(Registry.FolderPath, elsewhere);

        Assert.Throws<IOException>(() => Registry.Announce(Daemon));
        Assert.Empty(Directory.EnumerateFileSystemEntries(elsewhere));
    }

    [Fact]
    public async Task A_folder_of_another_user_is_not_used()
    {
        Prerequisite.Require(Environment.IsPrivilegedProcess, "Only root can give a folder away: run this test as root.");
        Plant(DaemonIdentity.Own);
        using (Process chown = Process.Start("chown", ["65534", Registry.FolderPath]))
            await chown.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Empty(Registry.List());
        Assert.Throws<IOException>(() => Registry.Announce(Daemon));
    }

    private string Plant(DaemonIdentity identity, string? text = null)
    {
        Directory.CreateDirectory(Registry.FolderPath, (UnixFileMode)0x1C0);
        string path = Path.Join(Registry.FolderPath, $"{identity}.json");
        if (text is not null)
        {
            File.WriteAllText(path, text);
            return path;
        }

        using FileStream file = File.Create(path);
        Daemon.WriteTo(file);
        return path;
    }
}
