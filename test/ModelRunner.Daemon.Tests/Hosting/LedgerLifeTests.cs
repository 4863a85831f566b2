using System.Globalization;
using System.Net;
using Microsoft.Data.Sqlite;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Exposition;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The totals of the real daemon over its restarts.</summary>
public sealed class LedgerLifeTests
{
    private const string Chat = "v1/chat/completions";
    private const string ChatModel = "model=\"tiny-chat:latest\"";
    private const string Body = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two three"}],"max_tokens":4}""";
    private const string StreamBody = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two three"}],"max_tokens":4,"stream":true}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // The stub keeps no contexts; SavedContextTests compares these totals with the real llama-server.
    private static readonly MetricFamily[] OfSavedContexts = [MetricFamilies.SlotRestores, MetricFamilies.SlotSaves, MetricFamilies.PrefillSaved];

    private static IReadOnlyList<MetricFamily> Totals { get; } =
    [
        .. MetricFamilies.All.Where(static family => family is { IsPerModel: true, Type: MetricType.Counter or MetricType.Histogram })
            .Except(OfSavedContexts),
    ];

    [Fact]
    public async Task A_request_whose_response_was_complete_is_counted_although_the_daemon_is_killed_at_once()
    {
        using var folder = new TemporaryFolder();
        for (int life = 1; life <= 4; life++)
        {
            await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });
            await Task.WhenAll(Enumerable.Range(0, 8).Select(i => CompleteAsync(daemon, i % 2 == 0 ? Body : StreamBody)));
            await daemon.KillAsync();
        }

        await using DaemonFixture last = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });
        AccountedPage page = await AccountedPage.ReadAsync(last);
        Assert.Equal(32, page.Sum(AccountedPage.Requests, ChatModel, "outcome=\"completed\"", "status_class=\"2xx\""));
        Assert.Equal(32, page.Sum(AccountedPage.Requests));
        Assert.Equal((96, 128), (page.Sum(AccountedPage.Tokens, ChatModel, "type=\"prompt\""), page.Sum(AccountedPage.Tokens, ChatModel, "type=\"generated\"")));
        Assert.Equal((32, 16), (page.Sum(AccountedPage.Duration + "_count", ChatModel), page.Sum(AccountedPage.FirstToken + "_count", ChatModel)));
    }

    [Fact]
    public async Task A_stream_that_runs_when_the_daemon_is_killed_is_lost()
    {
        using var folder = new TemporaryFolder();
        DaemonSetup setup = new DaemonSetup { Folder = folder }.WithFaults("""{"token_delay_ms": 20}""");
        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(setup))
            await KillInStreamAsync(daemon, folder);

        await using DaemonFixture next = await DaemonFixture.StartAsync(setup);
        AccountedPage page = await AccountedPage.ReadAsync(next);
        Assert.Equal(1, page.Sum(AccountedPage.Requests, ChatModel, "outcome=\"lost\"", "status_class=\"none\""));
        Assert.InRange(page.Sum("model_runner_tokens_unconfirmed_total", ChatModel, "type=\"generated\""), 1, 100_000);
        Assert.Equal(0, page.Sum(AccountedPage.Tokens));
    }

    [Fact]
    public async Task All_tokens_that_a_client_got_before_its_runner_hung_are_unconfirmed_if_the_daemon_is_killed_then()
    {
        using var folder = new TemporaryFolder();
        DaemonSetup setup = new DaemonSetup { Folder = folder }.WithFaults("""{"token_delay_ms": 1}""");
        int received = 0;
        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(setup))
        {
            await CompleteAsync(daemon, Body);
            using HttpResponseMessage response = await daemon.StreamAsync(
                Chat, """{"model":"tiny-chat","messages":[],"max_tokens":100000,"stream":true}""");
            await using Stream stream = await response.Content.ReadAsStreamAsync(Cancellation);
            using var reader = new StreamReader(stream);
            await ReadContentAsync();
            await DaemonFixture.SignalAsync(await daemon.RunnerProcessAsync(), "STOP");
            while (await Task.WhenAny(ReadContentAsync(), Task.Delay(TimeSpan.FromSeconds(3), Cancellation)) is Task<bool>)
                received++;
            await daemon.KillAsync();

            async Task<bool> ReadContentAsync()
            {
                while (!(await reader.ReadLineAsync(Cancellation))!.Contains("\"content\":\"", StringComparison.Ordinal))
                {
                }

                return true;
            }
        }

        await using DaemonFixture next = await DaemonFixture.StartAsync(setup);
        AccountedPage page = await AccountedPage.ReadAsync(next);
        Assert.Equal(1, page.Sum(AccountedPage.Requests, ChatModel, "outcome=\"lost\""));
        Assert.Equal(received + 1, page.Sum("model_runner_tokens_unconfirmed_total", ChatModel, "type=\"generated\""));
    }

    [Fact]
    public async Task Every_total_of_a_model_in_the_catalogue_continues_after_a_restart()
    {
        using var folder = new TemporaryFolder();
        var setup = new DaemonSetup
        {
            Folder = folder,
            Configuration = """{ "limits": { "stallTimeout": "500ms" } }""",
            Faults = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["tiny-chat"] = """{"truncated":1,"token_delay_ms":1}""", ["tiny-embed"] = """{"exit_at_start":3}""",
            },
        };
        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(setup))
        {
            await CompleteAsync(daemon, Body);
            await CompleteAsync(daemon, StreamBody);
            Assert.Equal(502, (await daemon.PostAsync("v1/embeddings", """{"model":"tiny-embed","input":"a"}""")).Status);
            await daemon.PostAsync("engines/unload", """{"all":true}""");
            await StallAsync(daemon);
            await KillInStreamAsync(daemon, folder);
        }

        IReadOnlyList<string> killed = await TotalsAsync(setup);
        IReadOnlyList<string> ended = await TotalsAsync(setup);

        Assert.Equal(killed, ended);
        string[] families = [.. Totals.Where(family => killed.Any(series => series.StartsWith(family.Name, StringComparison.Ordinal)))
            .Select(static family => family.Name)];
        Assert.Equal(Totals.Select(static family => family.Name), families);
    }

    [Fact]
    public async Task Loads_stops_and_processor_time_continue_although_the_daemon_is_killed()
    {
        using var folder = new TemporaryFolder();
        double cpu = 0;
        for (int life = 1; life <= 3; life++)
        {
            await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });
            AccountedPage page = await AccountedPage.ReadNowAsync(daemon);
            Assert.Equal((life - 1, life - 1), (page.Sum("model_runner_loads_total"), page.Sum("model_runner_stops_total", "reason=\"unloaded\"")));
            Assert.Equal(life - 1, page.Sum("model_runner_load_duration_seconds_count", ChatModel));
            Assert.InRange(page.Sum("model_runner_cpu_seconds_total", ChatModel), cpu, double.MaxValue);
            await CompleteAsync(daemon, Body);
            await daemon.PostAsync("engines/unload", """{"all":true}""");
            page = await AccountedPage.ReadNowAsync(daemon);
            Assert.Equal((life, life), (page.Sum("model_runner_loads_total"), page.Sum("model_runner_stops_total", "reason=\"unloaded\"")));
            double before = cpu;
            cpu = page.Sum("model_runner_cpu_seconds_total", ChatModel);
            Assert.True(cpu > before, "The runner used no processor time.");
            await daemon.KillAsync();
        }
    }

    [Fact]
    public async Task A_daemon_that_starts_while_the_one_before_drains_takes_over_its_port_and_its_totals()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { HasTcp = true }.WithFaults("""{"token_delay_ms": 20}"""));
        using HttpResponseMessage response = await daemon.StreamAsync(
            Chat, """{"model":"tiny-chat","messages":[],"max_tokens":100,"stream":true}""");
        await DaemonFixture.SignalAsync(daemon.ProcessId, "TERM");
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(!File.Exists(daemon.SocketPath)), DaemonFixture.Patience);

        await using DaemonFixture next = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["MODEL_RUNNER_STATE"] = Path.Join(daemon.FolderPath, "state", "model-runner"),
                ["MODEL_RUNNER_PORT"] = daemon.TcpAddress.Port.ToString(CultureInfo.InvariantCulture),
            },
        });

        Assert.Contains($"waiting up to 5 s for process {daemon.ProcessId}, which uses the state folder", next.Log, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Equal(0, await daemon.WaitForEndAsync());
        Assert.Equal(daemon.TcpAddress, next.TcpAddress);
        AccountedPage page = await AccountedPage.ReadAsync(next);
        Assert.Equal(100, page.Sum(AccountedPage.Tokens, ChatModel, "type=\"generated\""));
    }

    [Fact]
    public async Task A_second_daemon_with_the_same_state_folder_is_refused()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string state = Path.Join(daemon.FolderPath, "state", "model-runner");

        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["MODEL_RUNNER_STATE"] = state },
        });

        Assert.Equal(1, exitCode);
        Assert.Contains($"process {daemon.ProcessId} uses the state folder {state}: end it, or give this daemon another folder", error, StringComparison.Ordinal);
        Assert.Equal(2, error.Trim().Split('\n').Length);
        Assert.Contains($"waiting up to 5 s for process {daemon.ProcessId}, ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_folder_that_cannot_be_used_costs_no_response()
    {
        using var folder = new TemporaryFolder();
        folder.Write("file", "");
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder, Arguments = ["--state-path", "file/state"] });
        await CompleteAsync(daemon, Body);

        AccountedPage page = await AccountedPage.ReadAsync(daemon);
        Assert.Equal((0, 1), (page.Sum("model_runner_ledger_up"), page.Sum(AccountedPage.Requests, ChatModel)));
        Assert.InRange(page.Sum("model_runner_ledger_errors_total"), 1, 1000);
        await daemon.WaitForLogAsync("cannot be written");

        File.Delete(Path.Join(folder.Path, "file"));
        await DaemonFixture.WaitUntilAsync(
            async () => (await AccountedPage.ReadNowAsync(daemon)).Sum("model_runner_ledger_up") == 1, DaemonFixture.Patience);
        await daemon.WaitForLogAsync("can be written again");
        Assert.Equal(1, (await AccountedPage.ReadNowAsync(daemon)).Sum(AccountedPage.Requests, ChatModel));
    }

    [Theory]
    [InlineData("--demo")]
    [InlineData("--state-path=none")]
    public async Task Without_a_state_folder_nothing_is_left_behind(string argument)
    {
        using var folder = new TemporaryFolder();
        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder, Arguments = [argument] }))
        {
            await CompleteAsync(daemon, Body);
            Assert.DoesNotContain("model_runner_ledger", await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation), StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(Path.Join(folder.Path, "state")));
    }

    private static bool HasStoredTokens(string ledger)
    {
        using var connection = new SqliteConnection($"Data Source={ledger};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM open_requests WHERE generated > 0";
        return command.ExecuteScalar() is 1L;
    }

    // The totals of models on the page of a daemon that has served nothing yet.
    private static async Task<IReadOnlyList<string>> TotalsAsync(DaemonSetup setup)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(setup);
        string page = (await AccountedPage.ReadNowAsync(daemon)).Text;
        return [.. page.Split('\n').Where(static line => Totals.Any(family => line.StartsWith(family.Name, StringComparison.Ordinal)))];
    }

    private static async Task StallAsync(DaemonFixture daemon)
    {
        using HttpResponseMessage response = await daemon.StreamAsync(Chat, StreamBody.Replace("4", "100000", StringComparison.Ordinal));
        int process = await daemon.BusyRunnerProcessAsync();
        await DaemonFixture.SignalAsync(process, "STOP");
        await daemon.WaitForLogAsync("is stalled");
        await DaemonFixture.SignalAsync(process, "CONT");
    }

    /// <summary>Kills the daemon during a stream, after the first tokens were stored.</summary>
    internal static async Task KillInStreamAsync(DaemonFixture daemon, TemporaryFolder folder)
    {
        using HttpResponseMessage response = await daemon.StreamAsync(Chat, StreamBody.Replace("4", "100000", StringComparison.Ordinal));
        await using Stream stream = await response.Content.ReadAsStreamAsync(Cancellation);
        using var reader = new StreamReader(stream);
        while (!HasStoredTokens(Path.Join(folder.Path, "state", "model-runner", "ledger.db")))
            Assert.NotNull(await reader.ReadLineAsync(Cancellation));
        await daemon.KillAsync();
    }

    private static async Task CompleteAsync(DaemonFixture daemon, string body)
    {
        using HttpResponseMessage response = await daemon.SendAsync(Chat, body, HttpCompletionOption.ResponseContentRead, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
