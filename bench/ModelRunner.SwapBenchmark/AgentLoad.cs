using System.Globalization;
using System.Text;

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
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(time);
        await Task.WhenAll(Enumerable.Range(0, Agents).Select(agent => RunAgentAsync(agent, limit.Token)));
        cancellation.ThrowIfCancellationRequested();
        return new SwapFigures(_requests, await daemon.CountLoadsAsync(cancellation), _waits / Math.Max(1, _requests), _longestWait, _longestResponse);
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
            return await daemon.Client.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), content, cancellation);
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
        string body = $$"""{"model":"m{{model}}","messages":[{"role":"user","content":"one two"}],"max_tokens":4}""";
        TimeSpan before = TimeProvider.System.GetElapsedTime(arrivedAt);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
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
