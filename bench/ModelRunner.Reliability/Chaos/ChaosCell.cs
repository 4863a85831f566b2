using System.Collections.Concurrent;
using ModelRunner.Reliability.Faults;
using ModelRunner.Reliability.Lab;
using ModelRunner.ScrapeBenchmark;

namespace ModelRunner.Reliability.Chaos;

/// <summary>
/// One fault in one phase. Meanwhile another model is asked and the page is read all the time. Five things must hold:
/// I1 the page is valid and in time; I2 the other model answers; I3 no process is left over, and no zombie; I4 each request ends within its
/// deadline; I5 both models answer, and the page shows both, at most 10 s after the end of the fault.
/// </summary>
internal sealed class ChaosCell(LabPrograms programs, Fault fault, Phase phase)
{
    private const string Healthy = "healthy";
    private const string Victim = "victim";

    /// <summary>A little less than the client's limit: queue, load, and a response of 4 s.</summary>
    private const string Limits =
        """{"limits": {"queueTimeout": "8s", "loadTimeout": "8s", "stopGrace": "1s", "drainTimeout": "2s", "minStay": 0}, "metrics": {"minInterval": "200ms"}}""";

    private static readonly TimeSpan FaultTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ScrapeTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan GoneLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly ChatClient _client = new(RequestLimit);
    private readonly ConcurrentQueue<string> _problems = new();
    private TimeSpan _longestPage;

    /// <summary>When the daemon was silent, if the fault silences it.</summary>
    private (TimeSpan From, TimeSpan To) _silence = (TimeSpan.MaxValue, TimeSpan.MinValue);

    /// <summary>When there was a fault.</summary>
    private (TimeSpan From, TimeSpan To) _faultTime = (TimeSpan.MaxValue, TimeSpan.MinValue);

    public async Task<CellResult> RunAsync()
    {
        TimeSpan recovery = TimeSpan.Zero;
        await using LabDaemon lab = await LabDaemon.StartAsync(programs, fault.Adjust(new LabSetup
        {
            Configuration = Limits, Models = [(Healthy, """{"token_delay_ms": 5}"""), (Victim, VictimFaults())],
        }));
        try
        {
            await MeetAsync(lab);
            using var end = new CancellationTokenSource();
            Task[] watchers = [ScrapeAsync(lab, lab.SocketClient, end.Token), ScrapeAsync(lab, lab.PortClient, end.Token), AskHealthyAsync(lab, end.Token)];
            Task work = await EnterAsync(lab);
            await HitAsync(lab);
            recovery = await RecoverAsync(lab);
            await work;
            await end.CancelAsync();
            await Task.WhenAll(watchers);
            await LeaveAsync(lab);
        }
        catch (Exception failure) when (failure is BenchmarkException or TimeoutException or HttpRequestException or IOException)
        {
            _problems.Enqueue(failure.Message);
        }

        return new CellResult([.. _problems.Distinct(StringComparer.Ordinal)], recovery, _longestPage);
    }

    private string VictimFaults() => phase switch
    {
        Phase.Loading => """{"load_delay_ms": 2500}""",
        Phase.Streaming => """{"token_delay_ms": 100}""",
        Phase.Stopping => """{"shutdown_delay_ms": 800}""",
        Phase.Scraping => """{"metrics_delay_ms": 1000}""",
        _ => "{}",
    };

    // The other model is loaded always; the victim unless it is to be loaded later.
    private async Task MeetAsync(LabDaemon lab)
    {
        foreach (string model in phase == Phase.Loading ? (string[])[Healthy] : [Healthy, Victim])
        {
            Answer answer = await _client.AskAsync(lab.SocketClient, new ChatRequest(model, 2, IsStream: false));
            if (answer.Kind != AnswerKind.Right)
                throw new BenchmarkException($"before the fault {model} does not answer: {answer.Detail}");
        }
    }

    /// <summary>Brings the victim into the phase.</summary>
    /// <returns>What ends with the phase.</returns>
    private async Task<Task> EnterAsync(LabDaemon lab)
    {
        switch (phase)
        {
            case Phase.Loading:
                Task loading = AskVictimAsync(lab, new ChatRequest(Victim, 3, IsStream: false), null);
                TimeSpan asked = Clock.Now;
                while (lab.FindRunner(Victim) == 0 && Clock.Now - asked < RecoveryLimit)
                    await Task.Delay(TimeSpan.FromMilliseconds(20));
                return loading;
            case Phase.Streaming:
                var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                Task streaming = AskVictimAsync(lab, new ChatRequest(Victim, 30, IsStream: true), begun);
                await begun.Task.WaitAsync(RecoveryLimit);
                return streaming;
            case Phase.Stopping:
                Task stopping = UnloadAsync(lab);
                await Task.Delay(Pause);
                return stopping;
            case Phase.Scraping:
                // The watchers read the page all the time, and the victim's takes a second.
                await Task.Delay(TimeSpan.FromMilliseconds(500));
                return Task.CompletedTask;
            default:
                return Task.CompletedTask;
        }
    }

    private async Task HitAsync(LabDaemon lab)
    {
        TimeSpan begun = Clock.Now;
        _faultTime = (begun, TimeSpan.MaxValue);
        if (fault.SilencesDaemon)
            _silence = (begun, TimeSpan.MaxValue);
        await fault.BeginAsync(lab, Victim);
        await Task.Delay(FaultTime);
        await fault.EndAsync(lab, Victim);
        _faultTime = (begun, Clock.Now);
        if (fault.SilencesDaemon)
            _silence = (begun, Clock.Now);
    }

    private async Task<TimeSpan> RecoverAsync(LabDaemon lab)
    {
        TimeSpan begun = Clock.Now;
        string problem;
        do
        {
            problem = await TryBothAsync(lab);
            if (problem.Length == 0)
                return Clock.Now - begun;
            await Task.Delay(Pause);
        }
        while (Clock.Now - begun < RecoveryLimit);

        _problems.Enqueue($"I5: 10 s after the fault {problem}");
        return Clock.Now - begun;
    }

    private async Task<string> TryBothAsync(LabDaemon lab)
    {
        foreach (string model in (string[])[Healthy, Victim])
        {
            Answer answer = await _client.AskAsync(lab.PortClient, new ChatRequest(model, 2, IsStream: false));
            if (answer.Kind != AnswerKind.Right)
                return $"{model}: {answer.Detail}";
        }

        (string page, string? problem, _) = await Scraper.ReadAsync(lab.PortClient, ScrapeTimeout);
        foreach (string model in (string[])[Healthy, Victim])
            if (problem is null && PageJudge.ValueOf(page, "model_runner_up", $"model=\"{model}:latest\"") != "1")
                problem = $"model_runner_up of {model} is not 1";
        return problem ?? "";
    }

    private async Task AskVictimAsync(LabDaemon lab, ChatRequest request, TaskCompletionSource? begun) =>
        Judge(await _client.AskAsync(lab.SocketClient, request, begun), mayFail: true);

    private async Task UnloadAsync(LabDaemon lab)
    {
        using var content = new StringContent($$"""{"models":["{{Victim}}"]}""", System.Text.Encoding.UTF8, "application/json");
        using var patience = new CancellationTokenSource(RequestLimit);
        try
        {
            using HttpResponseMessage response = await lab.SocketClient.PostAsync(new Uri("engines/unload", UriKind.Relative), content, patience.Token);
        }
        catch (OperationCanceledException)
        {
            _problems.Enqueue($"I4: unload did not end within {RequestLimit.TotalSeconds} s");
        }
        catch (HttpRequestException failure) when (!fault.SilencesDaemon && !fault.MayRefuse)
        {
            _problems.Enqueue($"I4: unload: {failure.Message}");
        }
        catch (HttpRequestException)
        {
            // The daemon was killed.
        }
    }

    private async Task AskHealthyAsync(LabDaemon lab, CancellationToken cancellation)
    {
        for (int turn = 0; !cancellation.IsCancellationRequested; turn++)
        {
            Answer answer = await _client.AskAsync(turn % 2 == 0 ? lab.SocketClient : lab.PortClient, new ChatRequest(Healthy, 5, IsStream: turn % 3 == 0));
            bool isSilent = answer.EndedAt >= _silence.From && answer.StartedAt <= _silence.To;
            bool mayRefuse = fault.MayRefuse && answer.EndedAt >= _faultTime.From && answer.StartedAt <= _faultTime.To;
            Judge(answer, mayFail: isSilent || mayRefuse);
            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    private async Task ScrapeAsync(LabDaemon lab, HttpClient client, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            TimeSpan started = Clock.Now;
            (string page, string? problem, TimeSpan time) = await Scraper.ReadAsync(client, ScrapeTimeout);
            bool isSilent = Clock.Now >= _silence.From && started <= _silence.To;
            if (problem is null)
            {
                problem = await PageJudge.AskPromtoolAsync(programs.Promtool, page);
                _longestPage = !isSilent && time > _longestPage ? time : _longestPage;
            }

            if (problem is not null && !isSilent)
                _problems.Enqueue($"I1: {problem}");
            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    private void Judge(Answer answer, bool mayFail)
    {
        if (answer.Kind is AnswerKind.Hung or AnswerKind.Wrong)
            _problems.Enqueue($"I4: {answer.Model} {answer.Kind} after {answer.Duration.TotalSeconds:0.0} s: {answer.Detail}");
        else if (answer.Kind != AnswerKind.Right && !mayFail)
            _problems.Enqueue($"I2: {answer.Model} {answer.Kind}: {answer.Detail}");
    }

    // No child is a zombie, the daemon ends by itself, and nothing of it is left.
    private async Task LeaveAsync(LabDaemon lab)
    {
        if (lab.HasEnded)
        {
            _problems.Enqueue($"I5: the daemon ended with {lab.ExitCode}: {lab.Log.Split('\n')[^1]}");
            return;
        }

        if (ProcessFolder.CountChildren(lab.ProcessId).Zombies is > 0 and var zombies)
            _problems.Enqueue($"I3: {zombies} zombies");
        if (await lab.StopAsync(StopLimit) is null)
            _problems.Enqueue($"I3: the daemon did not end within {StopLimit.TotalSeconds} s of SIGTERM");
        else if (lab.ExitCode != 0)
            _problems.Enqueue($"I3: the daemon ended with {lab.ExitCode}");
        TimeSpan ended = Clock.Now;
        while (lab.FindProcesses() is { Count: > 0 } left)
        {
            if (Clock.Now - ended > GoneLimit)
            {
                _problems.Enqueue($"I3: {left.Count} processes are left: {string.Join(' ', ProcessFolder.ArgumentsOf(left[0]))}");
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }
}
