using System.Net;
using System.Net.Sockets;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines;
using ModelRunner.Daemon.Engines.Command;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tests.Checks;
using ModelRunner.Linux.Sockets;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines;

public sealed class ReadinessProbeTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TimerWatch _time = new();

    public ReadinessProbeTests() => _listener.Start();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Check_34_A_program_of_another_user_on_the_port_is_not_the_runner()
    {
        Task<RunnerFailure?> probe = Probe(PortOwner.Stranger).WaitAsync(Cancellation);
        await RespondAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

        RunnerFailure? failure = await probe.WaitAsync(LaunchBed.Limit, Cancellation);

        Figures.Print($"not ready: {failure?.Message}");
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

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-")]
    public async Task A_response_that_is_not_complete_at_the_load_timeout_is_named(string part)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        ReadinessProbe probe = Probe(PortOwner.Trusted);
        Task<RunnerFailure?> ready = probe.WaitAsync(end.Token);
        using TcpClient client = await AcceptAsync(part);

        _time.Advance(TimeSpan.FromSeconds(1));
        await end.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ready);
        Assert.Equal("its readiness check sent no complete response", probe.Problem);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-")]
    [InlineData("220 mail.example ESMTP\r\n")]
    public async Task A_connection_that_ends_without_a_response_is_named(string part)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        ReadinessProbe probe = Probe(PortOwner.Trusted);
        Task<RunnerFailure?> ready = probe.WaitAsync(end.Token);
        await RespondAsync(part);

        await ProblemAsync(probe, "its readiness check sent no complete response");

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ready);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"data":[{"id":"\ud800"}]}""")]
    public async Task A_list_of_models_that_cannot_be_read_is_named(string list)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        ReadinessProbe probe = Probe(PortOwner.Trusted, answersAs: "a:b");
        Task<RunnerFailure?> ready = probe.WaitAsync(end.Token);
        await RespondAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        await RespondAsync($"HTTP/1.1 200 OK\r\nContent-Length: {list.Length}\r\nConnection: close\r\n\r\n{list}");

        await ProblemAsync(probe, "its list of models is not JSON");

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ready);
    }

    [Fact]
    public async Task A_port_without_a_program_is_named()
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        ReadinessProbe probe = Probe(PortOwner.Trusted);
        int port = Port;
        _listener.Stop();
        Task<RunnerFailure?> ready = probe.WaitAsync(end.Token);

        // The pause before the second try shows that the first one has failed.
        await _time.WaitForTimerAsync(TimeSpan.FromMilliseconds(2));
        await end.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ready);
        Assert.Equal($"it accepted no connection on port {port} of 127.0.0.1", probe.Problem);
    }

    private static Task ProblemAsync(ReadinessProbe probe, string problem) =>
        DaemonFixture.WaitUntilAsync(() => Task.FromResult(probe.Problem == problem), LaunchBed.Limit);

    private ReadinessProbe Probe(PortOwner owner, string? answersAs = null)
    {
        var engine = new CommandEngine(new EngineSettings("vllm", ["x", "{port}"], "/health", null));
        RunnerEndpoint endpoint = RunnerEndpointFactory.ForCommand(new RunnerId(1), "/x.sock", Port, "/health", null);
        return new ReadinessProbe(new RunnerStart(engine, "a:b", "/x", [], [], endpoint) { Port = Port, AnswersAs = answersAs }, _time, _ => owner);
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
