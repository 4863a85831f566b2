using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines;
using ModelRunner.Daemon.Engines.Command;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines;

public sealed class ReadinessProbeTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly FakeTimeProvider _time = new();

    public ReadinessProbeTests() => _listener.Start();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_program_of_another_user_on_the_port_is_not_the_runner()
    {
        Task<RunnerFailure?> probe = Probe(PortOwner.Stranger).WaitAsync(Cancellation);
        await RespondAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

        RunnerFailure? failure = await probe.WaitAsync(LaunchBed.Limit, Cancellation);

        Assert.Equal(StopReason.Socket, failure?.Reason);
        Assert.Equal($"vllm was stopped: a program of another user listens on port {Port}; the next start will use another port", failure?.Message);
    }

    [Fact]
    public async Task A_program_that_stopped_listening_is_not_the_runner()
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        ReadinessProbe probe = Probe(PortOwner.Nobody);
        Task<RunnerFailure?> ready = probe.WaitAsync(end.Token);
        await RespondAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

        await ProblemAsync(probe, "the program that responded on its port stopped listening");

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ready);
    }

    [Fact]
    public async Task A_program_of_the_right_user_is_ready()
    {
        Task<RunnerFailure?> probe = Probe(PortOwner.Trusted).WaitAsync(Cancellation);
        await RespondAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

        Assert.Null(await probe.WaitAsync(LaunchBed.Limit, Cancellation));
    }

    private static Task ProblemAsync(ReadinessProbe probe, string problem) =>
        DaemonFixture.WaitUntilAsync(() => Task.FromResult(probe.Problem == problem), LaunchBed.Limit);

    private ReadinessProbe Probe(PortOwner owner)
    {
        var engine = new CommandEngine(new EngineSettings("vllm", ["x", "{port}"], "/health", null));
        RunnerEndpoint endpoint = RunnerEndpointFactory.ForCommand(new RunnerId(1), "/x.sock", Port, "/health", null);
        return new ReadinessProbe(new RunnerStart(engine, "a:b", "/x", [], [], endpoint) { Port = Port }, _time, _ => owner);
    }

    /// <summary>Accepts one connection, reads from it and responds.</summary>
    private async Task<TcpClient> AcceptAsync(string response)
    {
        TcpClient client = await _listener.AcceptTcpClientAsync(Cancellation).AsTask().WaitAsync(LaunchBed.Limit, Cancellation);
        Assert.NotEqual(0, await client.GetStream().ReadAsync(new byte[4096], Cancellation));
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(response), Cancellation);
        return client;
    }

    private async Task RespondAsync(string response)
    {
        using TcpClient client = await AcceptAsync(response);
    }
}
