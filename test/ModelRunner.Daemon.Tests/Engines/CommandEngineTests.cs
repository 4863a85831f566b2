using System.Net;
using System.Net.Sockets;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines;
using ModelRunner.Daemon.Engines.Command;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines;

public sealed class CommandEngineTests
{
    [Theory]
    [InlineData("--host", "{socket}")]
    [InlineData("--port", "{port}")]
    public async Task A_command_becomes_ready_answers_and_stops_without_a_trace(string argument, string placeholder)
    {
        using var bed = new LaunchBed();
        IManagedRunner runner = bed.StartModel(Model(StubProcess.ExecutablePath, argument, placeholder, "--alias", "{name}", "--metrics"));

        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(runner, runner.Endpoint.MetricsAddress!));
        Assert.Equal(argument == "--host" ? 1 : 0, bed.Sockets.Count());
        Assert.Equal("Lab/Otter", runner.Endpoint.ModelName);
        Assert.Equal("Lab/Otter", runner.Arguments[3]);

        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);

        Assert.Null(await runner.Exited);
        Assert.False(ProcessTable.IsAlive(runner.ProcessId!.Value));
        Assert.Empty(bed.Sockets);
    }

    [Fact]
    public async Task It_is_ready_when_its_own_path_answers_whatever_name_it_gives_to_its_model()
    {
        using var bed = new LaunchBed();
        ModelEntry model = Model(StubProcess.ExecutablePath, "--host", "{socket}", "--alias", "another");
        model = model with { Settings = model.Settings with { Engine = model.Settings.Engine! with { ReadyPath = "/v1/models?x=1" } } };

        IManagedRunner runner = bed.StartModel(model);

        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));
        Assert.Equal("/v1/models?x=1", runner.Endpoint.HealthAddress.PathAndQuery);
        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);
    }

    [Fact]
    public async Task No_shell_reads_a_command_and_a_value_is_filled_in_once()
    {
        using var bed = new LaunchBed();
        ModelEntry model = Model(StubProcess.ExecutablePath, "--host", "{socket}", "$(touch x); {path}") with { Path = "/m/{name} $HOME" };

        IManagedRunner runner = bed.StartModel(model);

        Assert.Equal("$(touch x); /m/{name} $HOME", runner.Arguments[2]);
        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));
        Assert.Contains("$(touch x); /m/{name} $HOME", ProcessTable.ArgumentsOf(runner.ProcessId!.Value));
        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_told_with_the_way_out()
    {
        using var bed = new LaunchBed();

        RunnerFailure? failure = await bed.StartModel(Model("no-such-program", "{socket}")).Ready;

        Assert.Equal(StopReason.NotStarted, failure?.Reason);
        Assert.Equal(
            "engine vllm: the program \"no-such-program\" was not found or is not executable; "
            + "install it, or write its absolute path as the first word of engines.vllm.command",
            failure?.Message);
    }

    [Fact]
    public async Task A_program_of_the_path_is_found_and_its_end_is_told_by_its_name()
    {
        using var bed = new LaunchBed();

        RunnerFailure? failure = await bed.StartModel(Model("sh", "-c", "echo cannot load >&2; exit 3", "{socket}")).Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal((StopReason.Exited, "vllm ended with exit code 3; the last line of its output: cannot load"), (failure!.Reason, failure.Message));
    }

    [Fact]
    public async Task A_command_that_ends_without_an_error_must_run_in_the_foreground()
    {
        using var bed = new LaunchBed();

        RunnerFailure? failure = await bed.StartModel(Model("sh", "-c", "exit 0", "{socket}")).Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal("vllm ended with exit code 0; engines.vllm.command must run the server in the foreground", failure?.Message);
    }

    [Fact]
    public void A_port_that_somebody_else_took_is_told()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;
        var engine = new CommandEngine(Model("x", "{port}").Settings.Engine!);
        RunnerEndpoint endpoint = RunnerEndpointFactory.ForCommand(new RunnerId(1), "/x.sock", port, "/health", null);
        var start = new RunnerStart(engine, "a:b", "/x", [], [], endpoint) { Port = port };

        RunnerFailure failure = engine.Explain(start, new ExitStatus(1, null), ["bind: Address already in use"], MemoryKill.No, wasReady: false);

        Assert.Equal(StopReason.Socket, failure.Reason);
        Assert.EndsWith($"another program listens on port {port} now; the next start will use another port", failure.Message, StringComparison.Ordinal);
        other.Stop();
        Assert.DoesNotContain(
            "another program", engine.Explain(start, new ExitStatus(1, null), [], MemoryKill.No, wasReady: false).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, false, "ended with exit code 0; engines.x.command must run the server in the foreground")]
    [InlineData(0, true, "ended with exit code 0")]
    [InlineData(1, true, "ended with exit code 1")]
    public void Advice_for_a_start_is_not_given_for_another_end(int code, bool wasReady, string expected)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;
        var engine = new CommandEngine(Model("x", "{port}").Settings.Engine! with { Name = "x" });
        RunnerEndpoint endpoint = RunnerEndpointFactory.ForCommand(new RunnerId(1), "/x.sock", port, "/health", null);
        var start = new RunnerStart(engine, "a:b", "/x", [], [], endpoint) { Port = port };

        Assert.Equal(
            new RunnerFailure(StopReason.Exited, $"x {expected}"),
            engine.Explain(start, new ExitStatus(code, null), [], MemoryKill.No, wasReady));
    }

    [Fact]
    public async Task A_program_on_the_port_that_accepts_no_connection_delays_no_failure()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start(0);
        var address = (IPEndPoint)other.LocalEndpoint;
        Socket[] waiting = [.. Enumerable.Range(0, 4).Select(static _ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))];
        Task[] connecting = [.. waiting.Select(socket => socket.ConnectAsync(address))];
        var engine = new CommandEngine(Model("x", "{port}").Settings.Engine!);
        RunnerEndpoint endpoint = RunnerEndpointFactory.ForCommand(new RunnerId(1), "/x.sock", address.Port, "/health", null);
        var start = new RunnerStart(engine, "a:b", "/x", [], [], endpoint) { Port = address.Port };

        Task<RunnerFailure> explaining = Task.Run(() => engine.Explain(start, new ExitStatus(1, null), [], MemoryKill.No, wasReady: false));

        Assert.Equal(StopReason.Socket, (await explaining.WaitAsync(LaunchBed.Limit)).Reason);
        Assert.Contains(connecting, static connection => !connection.IsCompleted);
        foreach (Socket socket in waiting)
            socket.Dispose();
        await Task.WhenAll(connecting).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    [Fact]
    public async Task Variables_of_llama_cpp_are_set_for_its_own_engine_only()
    {
        using var bed = new LaunchBed();
        IManagedRunner llama = bed.Start();
        IManagedRunner command = bed.StartModel(Model(StubProcess.ExecutablePath, "--host", "{socket}"));
        Assert.Null(await llama.Ready.WaitAsync(LaunchBed.Limit));
        Assert.Null(await command.Ready.WaitAsync(LaunchBed.Limit));

        string ofLlama = await ReadStateAsync(llama);
        string ofCommand = await ReadStateAsync(command);

        foreach (string name in (string[])["GGML_NO_BACKTRACE", "LLAMA_ARG_NO_UI", "LLAMA_ARG_NO_WEBUI", "LLAMA_ARG_OFFLINE", "LLAMA_ARG_ENDPOINT_SLOTS"])
        {
            Assert.Contains($"\"{name}\"", ofLlama, StringComparison.Ordinal);
            Assert.DoesNotContain($"\"{name}\"", ofCommand, StringComparison.Ordinal);
        }

        Assert.Contains("\"XDG_CONFIG_HOME\"", ofCommand, StringComparison.Ordinal);
        await llama.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);
        await command.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);
    }

    [Theory]
    [InlineData(true, "--n-gpu-layers", "9", true)]
    [InlineData(true, "--n-gpu-layers", "0", false)]
    [InlineData(false, "--n-gpu-layers", "9", false)]
    public async Task The_log_level_is_raised_only_where_it_shows_layers_and_no_texts(bool hasTraceLevel, string argument, string value, bool expected)
    {
        var flags = new EngineFlags(new HashSet<string>([argument], StringComparer.Ordinal), new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal))
        {
            HasTraceLevel = hasTraceLevel,
        };
        using var bed = new LaunchBed(new RunnerSettings { EngineFlags = flags, ExtraArguments = [argument, value] });
        IManagedRunner llama = bed.Start();
        Assert.Null(await llama.Ready.WaitAsync(LaunchBed.Limit));

        string state = await ReadStateAsync(llama);

        Assert.Equal(expected, state.Contains("\"LLAMA_ARG_LOG_VERBOSITY\"", StringComparison.Ordinal));
        await llama.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);
    }

    private static async Task<string> ReadStateAsync(IManagedRunner runner)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(runner.Endpoint.BaseAddress, "stub/state"));
        using HttpResponseMessage response = await runner.Endpoint.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<HttpStatusCode> GetAsync(IManagedRunner runner, Uri address)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        using HttpResponseMessage response = await runner.Endpoint.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    private static ModelEntry Model(params string[] command) => new("otter:latest", null, 0, default, new ModelSettings
    {
        Engine = new EngineSettings("vllm", command, "/health", "/metrics"), Mode = RunnerMode.Completion, Backend = "vllm", ModelName = "Lab/Otter",
    });
}
