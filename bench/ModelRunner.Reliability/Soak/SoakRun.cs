using ModelRunner.Reliability.Faults;
using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Soak;

/// <summary>
/// The run. In each part of it there are requests; then the load pauses, all models are unloaded, and the daemon is measured. In every second
/// part there is a fault.
/// </summary>
internal sealed class SoakRun : IAsyncDisposable
{
    private static readonly string[] StubModels = ["m0", "m1", "m2", "m3", "m4", "m5"];
    private static readonly TimeSpan LongestFault = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ScrapeInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ScrapeTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(20);

    /// <summary>The daemon returns unused memory within two seconds after the last request.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    private readonly LabPrograms _programs;
    private readonly LabDaemon _lab;
    private readonly PrometheusServer _prometheus;
    private readonly SoakLoad _load;
    private readonly Random _random = new(2);

    private SoakRun(LabPrograms programs, LabDaemon lab, PrometheusServer prometheus)
    {
        (_programs, _lab, _prometheus) = (programs, lab, prometheus);
        _load = new SoakLoad(lab, programs.LlamaServer is null ? StubModels : [.. StubModels, SoakLoad.RealModel], Tally, Calendar);
    }

    public SoakTally Tally { get; } = new();

    public SoakCalendar Calendar { get; } = new();

    public List<SoakSample> Samples { get; } = [];

    public LabDaemon Lab => _lab;

    public PrometheusServer Prometheus => _prometheus;

    public static async Task<SoakRun> StartAsync(LabPrograms programs)
    {
        LabDaemon lab = await LabDaemon.StartAsync(programs, new LabSetup
        {
            Configuration = ConfigurationFor(programs.LlamaServer),
            Models = [.. StubModels.Append(SoakLoad.RealModel).Select(static name => (name, """{"load_delay_ms": 300, "token_delay_ms": 20}"""))],
        });
        try
        {
            return new SoakRun(programs, lab, await PrometheusServer.StartAsync(programs.Prometheus, lab.Folder, lab.Port));
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs for the time that is asked for.</summary>
    public async Task RunAsync(SoakOptions options, TextWriter output, CancellationToken cancellation)
    {
        TimeSpan started = Clock.Now;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task scrapes = ScrapeAsync(end.Token);
        Fault[] faults = SoakFaults.All;
        for (int part = 0; Clock.Now - started < options.Time && !cancellation.IsCancellationRequested; part++)
        {
            using var partEnd = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            partEnd.CancelAfter(options.Part);
            Task load = _load.RunAsync(partEnd.Token);
            if (part % 2 == 1)
                await HitAsync(faults[part / 2 % faults.Length], options.Part, output);
            await load;
            await RestAsync(started, output);
            if (_lab.HasEnded)
            {
                Tally.Report(SoakCriterion.Daemon, Clock.Now, $"the daemon ended with {_lab.ExitCode}:\n{_lab.Log}");
                break;
            }
        }

        await end.CancelAsync();
        await scrapes;
    }

    public async ValueTask DisposeAsync()
    {
        await _prometheus.DisposeAsync();
        await _lab.DisposeAsync();
    }

    private static string ConfigurationFor(string? llamaServer) => llamaServer is null
        ? """{"limits": {"maxRunners": 4, "queueTimeout": "30s", "stopGrace": "2s", "drainTimeout": "5s"}, "keepAlive": "20s"}"""
        : $$$"""
            {
              "limits": {"maxRunners": 4, "queueTimeout": "30s", "stopGrace": "2s", "drainTimeout": "5s"}, "keepAlive": "20s",
              "engines": {"real": {"command": ["{{{llamaServer}}}", "--model", "{path}", "--host", "{socket}", "--metrics", "--ctx-size", "512", "--parallel", "2", "--threads", "1", "--alias", "{name}"], "metrics": "/metrics"}},
              "models": {"{{{SoakLoad.RealModel}}}": {"engine": "real", "mode": "completion", "path": "{{{SoakLoad.RealModel}}}.gguf"}}
            }
            """;

    private async Task HitAsync(Fault fault, TimeSpan part, TextWriter output)
    {
        await Task.Delay(part * (0.1 + (0.3 * _random.NextDouble())));
        string[] loaded = [.. StubModels.Where(model => _lab.FindRunner(model) > 0)];
        string victim = loaded.Length > 0 ? loaded[_random.Next(loaded.Length)] : StubModels[0];
        await output.WriteLineAsync($"{Clock.Now:hh\\:mm\\:ss} {fault.Name}: {victim}");
        Calendar.Begin(victim);
        await fault.BeginAsync(_lab, victim);
        await Task.Delay(part / 3 < LongestFault ? part / 3 : LongestFault);
        await fault.EndAsync(_lab, victim);
        Calendar.End();
    }

    private async Task RestAsync(TimeSpan started, TextWriter output)
    {
        if (_lab.HasEnded)
            return;
        await _load.UnloadAsync("""{"all": true}""");
        TimeSpan begun = Clock.Now;
        while (_lab.FindProcesses().Any(process => ProcessFolder.ArgumentsOf(process).Contains("--host", StringComparer.Ordinal)))
        {
            if (Clock.Now - begun > QuietLimit)
            {
                Tally.Report(SoakCriterion.Processes, Clock.Now, "runners live 20 s after everything was unloaded");
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }

        await Task.Delay(Settling);
        var sample = SoakSample.Take(_lab, Clock.Now - started);
        Samples.Add(sample);
        await output.WriteLineAsync(
            $"{Clock.Now:hh\\:mm\\:ss} {sample.ResidentBytes / 1048576.0:0.0} MiB, {sample.Descriptors} files, {sample.Threads} threads, {sample.Children} children, {sample.Zombies} zombies");
        (string page, string? problem, _) = await Scraper.ReadAsync(_lab.SocketClient, TimeSpan.FromSeconds(10));
        problem ??= await PageJudge.AskPromtoolAsync(_programs.Promtool, page);
        if (problem is not null)
            Tally.Report(SoakCriterion.Pages, Clock.Now, problem);
    }

    private async Task ScrapeAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(ScrapeInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                (_, string? problem, TimeSpan time) = await Scraper.ReadAsync(_lab.SocketClient, ScrapeTimeout);
                Tally.CountScrape(problem, time, Clock.Now);
            }
        }
        catch (OperationCanceledException)
        {
            // The end of the run.
        }
    }
}
