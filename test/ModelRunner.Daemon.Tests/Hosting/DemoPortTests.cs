using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Hosting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

public sealed class DemoPortTests
{
    [Theory]
    [InlineData("", "/d/model-runner.sock", "127.0.0.1:12434", true)]
    [InlineData("MODEL_RUNNER_SOCK=x.sock", "/d/x.sock", null, false)]
    [InlineData("MODEL_RUNNER_PORT=80", null, "127.0.0.1:80", false)]
    public void The_demo_opens_a_port_unless_a_socket_or_port_is_set(string variable, string? socket, string? tcp, bool isOptional)
    {
        string[] parts = variable.Split('=');
        var options = new DaemonOptions
        {
            Flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["--demo"] = "true" },
            Environment = new Dictionary<string, string>(StringComparer.Ordinal) { [parts[0]] = parts[^1] },
            WorkingDirectory = "/d",
            BaseDirectory = "/d",
        };

        ListenSettings listen = SettingsResolver.Resolve(options).Settings!.Listen;

        Assert.Equal((socket, tcp, isOptional), (listen.SocketPath, listen.Tcp?.ToString(), listen.IsTcpOptional));
        Assert.Null(SettingsResolver.Resolve(options with { Flags = new Dictionary<string, string>(StringComparer.Ordinal) }).Settings!.Listen.Tcp
            is { Port: ListenSettings.DemoPort } found ? found : null);
    }

    [Fact]
    public void An_optional_port_in_use_is_omitted_and_a_configured_one_is_kept()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var listen = new ListenSettings("/d.sock", (IPEndPoint)taken.LocalEndpoint, IsTcpOptional: true);
        var settings = new DaemonSettings { Listen = listen, ModelsPath = "/m" };

        Assert.Null(DemoPort.DropIfTaken(settings).Listen.Tcp);
        Assert.Equal(listen.Tcp, DemoPort.DropIfTaken(settings with { Listen = listen with { IsTcpOptional = false } }).Listen.Tcp);
        taken.Stop();
        Assert.Equal(listen.Tcp, DemoPort.DropIfTaken(settings).Listen.Tcp);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task If_a_port_is_taken_at_the_last_moment_only_a_configured_one_is_an_error(bool isOptional)
    {
        using var folder = new TemporaryFolder();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        string socket = Path.Join(folder.Path, "d.sock");
        var settings = new DaemonSettings
        {
            Listen = new ListenSettings(socket, (IPEndPoint)taken.LocalEndpoint, isOptional), ModelsPath = folder.Path, LogLevel = LogLevel.None,
        };
        var written = new WrittenOptions(
            new DaemonOptions { WorkingDirectory = folder.Path, BaseDirectory = folder.Path }, ConfigurationFile.None);
        Task<(DaemonApplication Daemon, DaemonSettings Settings)> starting = DemoPort.StartAsync(
            settings, last => DaemonApplication.StartAsync(last, written, TimeProvider.System, TestContext.Current.CancellationToken));

        if (!isOptional)
        {
            Assert.Contains("another program uses the port", (await Assert.ThrowsAsync<ListenException>(() => starting)).Message, StringComparison.Ordinal);
            return;
        }

        (DaemonApplication daemon, DaemonSettings started) = await starting;
        await using (daemon)
        {
            Assert.Empty(daemon.TcpAddresses);
            Assert.Null(started.Listen.Tcp);
            Assert.True(File.Exists(socket));
        }
    }
}
