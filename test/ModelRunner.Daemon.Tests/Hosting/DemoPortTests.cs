using System.Net;
using System.Net.Sockets;
using ModelRunner.Daemon.Configuration;
using ModelRunner.Daemon.Hosting;

namespace ModelRunner.Daemon.Tests.Hosting;

public sealed class DemoPortTests
{
    [Theory]
    [InlineData("", "/d/model-runner.sock", "127.0.0.1:12434", true)]
    [InlineData("MODEL_RUNNER_SOCK=x.sock", "/d/x.sock", null, false)]
    [InlineData("MODEL_RUNNER_PORT=80", null, "127.0.0.1:80", false)]
    public void The_demo_opens_a_port_unless_a_socket_or_port_was_asked_for(string variable, string? socket, string? tcp, bool isOptional)
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
    public void An_optional_port_that_is_taken_is_left_out_and_one_that_was_asked_for_stays()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var listen = new ListenSettings("/d.sock", (IPEndPoint)taken.LocalEndpoint, IsTcpOptional: true);
        var settings = new DaemonSettings { Listen = listen, ModelsPath = "/m" };

        Assert.Null(DemoPort.Settle(settings).Listen.Tcp);
        Assert.Equal(listen.Tcp, DemoPort.Settle(settings with { Listen = listen with { IsTcpOptional = false } }).Listen.Tcp);
        taken.Stop();
        Assert.Equal(listen.Tcp, DemoPort.Settle(settings).Listen.Tcp);
    }
}
