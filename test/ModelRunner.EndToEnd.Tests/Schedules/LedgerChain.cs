using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Schedules;

/// <summary>Schedules that follow each other with one state folder. A daemon lives until a schedule ends it.</summary>
/// <param name="program">The published program.</param>
internal sealed class LedgerChain(string program) : IAsyncDisposable
{
    /// <summary>The model of requests whose client leaves.</summary>
    private const string Leave = "tiny-leave:latest";

    /// <summary>How many events are between two scrapes.</summary>
    private const int EventsOfScrape = 6;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TemporaryFolder _folder = new();
    private readonly TotalsWatch _watch = new();
    private DaemonFixture? _daemon;
    private long _lastRow;

    // Requests whose client leaves may arrive, or end, later than their schedule.
    private int _left;
    private int _leftRows;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string JournalPath => _folder.PathOf("journal");

    private LedgerRows Rows => new(Path.Join(_folder.Path, "state", "model-runner", "ledger.db"));

    /// <summary>Runs a schedule and compares the totals at its end.</summary>
    public async Task RunAsync(SchedulePlan plan)
    {
        DaemonFixture daemon = _daemon ??= await StartAsync();
        var events = new EventCount();
        var client = new ScheduleClient(daemon, events);
        Task requests = Task.WhenAll(plan.Requests.Select(client.SendAsync));
        Task scrapes = ScrapeAsync(daemon, events, requests);
        await Task.WhenAny(events.ReachAsync(plan.DisturbAfter), requests);
        if (plan.Disturbance == Disturbance.KillDaemonAtRest)
            await requests;
        bool isEnded = await DisturbAsync(daemon, plan);
        await requests;
        await scrapes;
        if (isEnded)
        {
            await daemon.DisposeAsync();
            _daemon = await StartAsync();
        }

        await CompareAsync(plan);
    }

    /// <summary>Restarts the daemon once more: everything must be there.</summary>
    public async Task EndAsync()
    {
        if (_daemon is not null)
            await _daemon.DisposeAsync();
        _daemon = await StartAsync();
        await CompareAsync(null);
        await _daemon.DisposeAsync();
        _daemon = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_daemon is not null)
            await _daemon.DisposeAsync();
        _folder.Dispose();
    }

    private Task<DaemonFixture> StartAsync()
    {
        Directory.CreateDirectory(JournalPath);
        _folder.Write(Path.Join("models", "tiny-leave.gguf"), File.ReadAllBytes(Path.Join(Repository.Root, "models", "tiny-chat.gguf")));
        string faults = $$"""{"journal": "{{JournalPath}}", "token_delay_ms": 1}""";
        return DaemonFixture.StartAsync(new DaemonSetup
        {
            Program = program,
            Folder = _folder,
            Configuration = """{ "metrics": { "minInterval": "0s" }, "limits": { "maxRunners": 2 } }""",
            Faults = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["tiny-chat"] = faults, ["tiny-embed"] = faults, ["tiny-leave"] = faults,
            },
        });
    }

    /// <returns>Whether the daemon has ended.</returns>
    private static async Task<bool> DisturbAsync(DaemonFixture daemon, SchedulePlan plan)
    {
        switch (plan.Disturbance)
        {
            case Disturbance.Unload:
                await daemon.PostAsync("engines/unload", """{"all":true}""");
                return false;
            case Disturbance.KillRunner:
                int[] runners =
                [
                    .. (await daemon.RunnersAsync()).Select(static runner => runner.TryGetProperty("pid", out JsonElement pid) ? pid.GetInt32() : 0)
                        .Where(static pid => pid != 0),
                ];
                if (runners.Length > 0)
                    Signals.TrySend(runners[plan.Choice % runners.Length], Signals.Kill);
                return false;
            case Disturbance.KillDaemon or Disturbance.KillDaemonAtRest:
                await daemon.KillAsync();
                return true;
            case Disturbance.EndDaemon:
                await daemon.EndWellAsync();
                return true;
            default:
                return false;
        }
    }

    private async Task ScrapeAsync(DaemonFixture daemon, EventCount events, Task requests)
    {
        for (int next = 0; !requests.IsCompleted; next += EventsOfScrape)
        {
            await Task.WhenAny(events.ReachAsync(next), requests);
            string page;
            try
            {
                page = await PageAsync(daemon);
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException)
            {
                // The daemon has ended.
                return;
            }

            _watch.Observe(TotalsWatch.Read(page));
        }
    }

    private static Task<string> PageAsync(DaemonFixture daemon) => daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

    private async Task CompareAsync(SchedulePlan? plan)
    {
        // A request whose client has left may still arrive, so the numbers may change while they are read.
        using var patience = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await FindDifferenceAsync() is { } difference)
        {
            Assert.False(patience.IsCancellationRequested, difference);
            await timer.WaitForNextTickAsync(Cancellation);
        }

        if (plan is not null)
            Match(plan, Rows.ReadAfter(_lastRow));
    }

    private async Task<string?> FindDifferenceAsync()
    {
        Dictionary<string, double> page = TotalsWatch.Read(await PageAsync(_daemon!));
        _watch.Observe(page);
        if (SumOf(page, "model_runner_requests_in_flight") > 0)
            return "A request does not end.";
        JsonElement models = (await _daemon!.GetAsync("usage")).GetProperty("rows");
        JsonElement hours = (await _daemon.GetAsync("usage?by=hour")).GetProperty("rows");
        Dictionary<string, double> rows = Rows.Sum();
        string[] names = [.. rows.Keys.Select(static series => series.Split('{')[0]).Append(TotalsWatch.Requests).Distinct(StringComparer.Ordinal)];
        string[] wrong =
        [
            .. page.Keys.Where(series => names.Contains(series.Split('{')[0], StringComparer.Ordinal)).Union(rows.Keys, StringComparer.Ordinal)
                .Where(series => page.GetValueOrDefault(series) != rows.GetValueOrDefault(series))
                .Select(series => $"{series} is {page.GetValueOrDefault(series)} on the page and {rows.GetValueOrDefault(series)} in the rows"),
        ];
        if (wrong.Length > 0)
            return string.Join('\n', wrong);
        (double, double) shown = (SumOf(rows, TotalsWatch.Requests), SumOf(rows, TotalsWatch.Tokens));
        return SumOf(models) == shown && SumOf(hours) == shown
            ? null
            : $"(requests, tokens) are {shown} in the rows, {SumOf(models)} in the report by model and {SumOf(hours)} in the report by hour.";
    }

    private static double SumOf(Dictionary<string, double> series, string name) =>
        series.Where(pair => pair.Key.StartsWith(name + "{", StringComparison.Ordinal)).Sum(static pair => pair.Value);

    private static (double Requests, double Tokens) SumOf(JsonElement report) => (
        Sum(report, "requests"), Sum(report, "prompt_tokens") + Sum(report, "cached_tokens") + Sum(report, "generated_tokens"));

    private static long Sum(JsonElement rows, string name) => rows.EnumerateArray().Sum(row => row.GetProperty(name).GetInt64());

    // Each request has one row; its tokens are those that the stub wrote into its journal.
    private void Match(SchedulePlan plan, IReadOnlyList<LedgerRow> rows)
    {
        _lastRow = rows.Count > 0 ? rows[^1].Id : _lastRow;
        MatchLeft(plan, [.. rows.Where(static row => row.Model == Leave)]);
        List<LedgerRow> open = [.. rows.Where(static row => row.Model != Leave)];
        foreach (ScheduledRequest request in plan.Requests.Where(static request => request.View == ClientView.Complete))
        {
            LedgerRow[] found = [.. open.Where(row => IsJournalOf(request, row))];
            Assert.True(found.Length == 1, $"{request} has {found.Length} rows:\n{string.Join('\n', rows)}");
            open.Remove(found[0]);
        }

        ScheduledRequest[] others = [.. plan.Requests.Where(static request => !request.Leaves && request.View != ClientView.Complete)];
        int failed = others.Count(static request => request.View == ClientView.Failed);
        string shown = string.Join('\n', open);
        Assert.True(open.Count(static row => !row.IsCompleted) >= failed, $"{failed} requests failed, and rows have:\n{shown}");
        Assert.True(
            open.Count == others.Length || (plan.MayLose && open.Count < others.Length),
            $"{others.Length} requests were not complete, and rows have:\n{shown}");
        Assert.All(open.Where(static row => row.IsCompleted), row => Assert.Single(others, request => IsJournalOf(request, row)));
    }

    private void MatchLeft(SchedulePlan plan, IReadOnlyList<LedgerRow> rows)
    {
        _left += plan.Requests.Count(static request => request.Leaves);
        _leftRows += rows.Count;
        Assert.True(_leftRows <= _left, $"{_left} clients have left, and {_leftRows} are counted.");
        Assert.DoesNotContain(rows, static row => row.IsCompleted);
    }

    private bool IsJournalOf(ScheduledRequest request, LedgerRow row)
    {
        string journal = Path.Join(JournalPath, request.Id);
        return row.IsCompleted && row.Model == $"{request.Model}:latest" && File.Exists(journal) && File.ReadAllText(journal) == row.Tokens;
    }
}
