using System.Globalization;

namespace ModelRunner.SwapBenchmark;

/// <summary>Three agents. Each sends its next request a short time after the response to the last one.</summary>
/// <param name="daemon">The daemon.</param>
/// <param name="kind">How the agents choose models.</param>
/// <param name="order">Sends the requests in a strict order; null: the daemon decides.</param>
internal sealed class AgentLoad(DaemonRun daemon, AgentKind kind, StrictOrder? order)
{
    private const int Agents = 3;
    private const int Seed = 7;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private int _requests;
    private TimeSpan _waits;
    private TimeSpan _longestWait;
    private TimeSpan _longestResponse;

    public async Task<SwapFigures> RunAsync(TimeSpan time, CancellationToken cancellation)
    {
        int loadsBefore = await daemon.CountLoadsAsync(cancellation);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(time);
        await Task.WhenAll(Enumerable.Range(0, Agents).Select(agent => RunAgentAsync(agent, limit.Token)));
        cancellation.ThrowIfCancellationRequested();
        int loads = await daemon.CountLoadsAsync(cancellation) - loadsBefore;
        return new SwapFigures(_requests, loads, _waits / Math.Max(1, _requests), _longestWait, _longestResponse);
    }

    private async Task RunAgentAsync(int agent, CancellationToken cancellation)
    {
        var random = new Random(Seed + agent);
        int last = agent;
        try
        {
            for (int turn = 0; ; turn++)
            {
                last = kind switch
                {
                    AgentKind.Pairs => (agent + (turn % 2)) % DaemonRun.Models,
                    AgentKind.Turns => (agent + turn) % DaemonRun.Models,
                    AgentKind.NearlyTurns => random.Next(5) == 0 ? random.Next(DaemonRun.Models) : (last + 1) % DaemonRun.Models,
                    AgentKind.Sticky => random.Next(2) == 0 ? last : random.Next(DaemonRun.Models),
                    AgentKind.Mixed when agent == 0 => turn % DaemonRun.Models,
                    AgentKind.Mixed when agent == 1 => DaemonRun.Models - 1 - (turn % DaemonRun.Models),
                    _ => random.Next(DaemonRun.Models),
                };
                await AskAsync(last, cancellation);
                await Task.Delay(Pause, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The run is over.
        }
    }

    // A request that still waits at the end of the run has waited too.
    private async Task<HttpResponseMessage> SendAsync(StringContent content, long startedAt, CancellationToken cancellation)
    {
        try
        {
            return await daemon.Client.PostAsync(DaemonRun.Completions, content, cancellation);
        }
        catch (OperationCanceledException)
        {
            TimeSpan open = TimeProvider.System.GetElapsedTime(startedAt);
            lock (_lock)
                _longestWait = open > _longestWait ? open : _longestWait;
            throw;
        }
    }

    private async Task AskAsync(int model, CancellationToken cancellation)
    {
        long arrivedAt = TimeProvider.System.GetTimestamp();
        if (order is null)
            await AskDaemonAsync(model, arrivedAt, cancellation);
        else
            await order.SendAsync(model, () => AskDaemonAsync(model, arrivedAt, cancellation), cancellation);
    }

    private async Task AskDaemonAsync(int model, long arrivedAt, CancellationToken cancellation)
    {
        TimeSpan before = TimeProvider.System.GetElapsedTime(arrivedAt);
        using StringContent content = daemon.MakeRequest(model);
        using HttpResponseMessage response = await SendAsync(content, arrivedAt, cancellation);
        TimeSpan all = TimeProvider.System.GetElapsedTime(arrivedAt);
        response.EnsureSuccessStatusCode();
        string usage = string.Join(", ", response.Headers.GetValues("X-Model-Runner-Usage"));
        TimeSpan wait = before + Read(usage, "queue_ms") + Read(usage, "load_ms");
        lock (_lock)
        {
            _requests++;
            _waits += wait;
            _longestWait = wait > _longestWait ? wait : _longestWait;
            _longestResponse = all - wait > _longestResponse ? all - wait : _longestResponse;
        }
    }

    private static TimeSpan Read(string usage, string name)
    {
        string member = usage.Split(", ").Single(part => part.StartsWith(name + "=", StringComparison.Ordinal));
        return TimeSpan.FromMilliseconds(double.Parse(member[(name.Length + 1)..], CultureInfo.InvariantCulture));
    }
}
