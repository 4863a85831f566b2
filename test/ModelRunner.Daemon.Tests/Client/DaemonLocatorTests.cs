using ModelRunner.Client;
using ModelRunner.Client.Discovery;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Tests.Cli;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Client;

public sealed class DaemonLocatorTests
{
    [Fact]
    public async Task A_daemon_is_found_from_any_folder()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/ps", "[]");
        using var elsewhere = new TemporaryFolder();
        using Announcement announcement = Announce(daemon, daemon.SocketPath);

        (int exitCode, _, string error) = await daemon.RunAsync(["ps"], workingDirectory: elsewhere.Path);

        Assert.Equal((0, ""), (exitCode, error));
    }

    [Fact]
    public async Task The_socket_of_the_working_directory_is_used_first_if_a_daemon_listens_on_it()
    {
        await using FakeDaemon here = (await FakeDaemon.StartAsync()).On("/engines/ps", "[]");
        using Announcement announcement = Announce(here, "/nowhere.sock");
        Assert.Equal(0, (await here.RunAsync(["ps"])).ExitCode);

        await using FakeDaemon gone = FakeDaemon.NotStarted();
        File.WriteAllText(gone.SocketPath, "");
        using Announcement other = Announce(gone, here.SocketPath);
        Assert.Equal(0, (await gone.RunAsync(["ps"])).ExitCode);
    }

    [Fact]
    public async Task A_configured_address_is_used_before_a_found_one()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/ps", "[]");
        using var elsewhere = new TemporaryFolder();
        using Announcement announcement = Announce(daemon, daemon.SocketPath);
        daemon.Environment["MODEL_RUNNER_SOCK"] = "/nowhere.sock";

        (int exitCode, _, string error) = await daemon.RunAsync(["ps"], workingDirectory: elsewhere.Path);

        Assert.Equal(3, exitCode);
        Assert.Equal(
            "model-runner: the daemon is not running: nothing listens on unix:/nowhere.sock; "
            + $"but one is running at unix:{daemon.SocketPath}: choose it with --host\n", error);
    }

    [Fact]
    public void Of_several_daemons_one_must_be_chosen()
    {
        using var folder = new TemporaryFolder();
        DaemonOptions options = Options(folder);
        DaemonRegistry registry = DaemonRegistry.Of(options);
        using Announcement first = registry.Announce(new RunningDaemon(11, "/a.sock", [], "/a"));
        string written = Assert.Single(Directory.GetFiles(registry.FolderPath));

        // A second running process: process 1, whose start time is in its status.
        string status = File.ReadAllText("/proc/1/stat");
        string start = status[(status.LastIndexOf(')') + 2)..].Split(' ')[19];
        string space = Path.GetFileName(written).Split('-')[0];
        using (FileStream file = File.Create(Path.Join(registry.FolderPath, $"{space}-1-{start}.json")))
            new RunningDaemon(1, null, [new Uri("http://localhost:8080/")], "/b").WriteTo(file);

        CliFailure failure = Assert.Throws<CliFailure>(() => DaemonLocator.Find(null, options));

        Assert.Equal(2, failure.ExitCode);
        Assert.Equal(
            "2 daemons are running: http://localhost:8080 (process 1, started in /b), unix:/a.sock (process 11, started in /a); "
            + "choose one with --host ADDRESS", failure.Message);
        Assert.Equal("http://localhost:8080", DaemonLocator.Find("localhost:8080", options).ToString());
        Directory.Delete(registry.FolderPath, recursive: true);
    }

    [Fact]
    public void A_port_of_0_is_found_in_the_registry()
    {
        using var folder = new TemporaryFolder();
        DaemonOptions options = Options(folder, ("MODEL_RUNNER_PORT", "0"));
        Assert.Equal(3, Assert.Throws<CliFailure>(() => DaemonLocator.Find(null, options)).ExitCode);

        using Announcement announcement = DaemonRegistry.Of(options).Announce(new RunningDaemon(1, null, [new Uri("http://localhost:8080/")], "/"));

        DaemonAddress address = DaemonLocator.Find(null, options);
        Assert.Equal(("http://localhost:8080", AddressSource.Registry), (address.ToString(), address.Source));
    }

    [Theory]
    [InlineData("unix:d.sock", "/d.sock")]
    [InlineData("unix:./run/d.sock", "/run/d.sock")]
    [InlineData("run/d.sock", "/run/d.sock")]
    public void A_relative_socket_begins_at_the_working_directory(string host, string path)
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(folder.Path + path, DaemonLocator.Find(host, Options(folder)).SocketPath);
    }

    private static Announcement Announce(FakeDaemon daemon, string socketPath) =>
        DaemonRegistry.Of(new DaemonOptions { Environment = daemon.Environment, WorkingDirectory = "/", BaseDirectory = "/" })
            .Announce(new RunningDaemon(1, socketPath, [], daemon.FolderPath));

    private static DaemonOptions Options(TemporaryFolder folder, params (string Name, string Value)[] variables)
    {
        var environment = variables.ToDictionary(static variable => variable.Name, static variable => variable.Value, StringComparer.Ordinal);
        environment["XDG_RUNTIME_DIR"] = folder.Path;
        return new DaemonOptions { Environment = environment, WorkingDirectory = folder.Path, BaseDirectory = folder.Path };
    }
}
