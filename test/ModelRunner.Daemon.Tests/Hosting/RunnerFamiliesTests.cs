using System.Globalization;
using System.Text;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Daemon.Tests.Metrics;
using ModelRunner.Gguf;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The families of runners on the page of the real daemon, with real processes.</summary>
public sealed class RunnerFamiliesTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}]}""";
    private const string ChatLabels = """{backend="llama.cpp",model="tiny-chat:latest",mode="completion""";
    private const string Context = "model_runner_context_tokens";
    private const string Offload = "model_runner_offload_ratio";
    private const string Cpu = "model_runner_cpu_seconds_total";
    private const string Descriptors = "model_runner_open_fds";
    private const string Estimate = "model_runner_memory_estimate_bytes";
    private const string LoadDuration = "model_runner_load_duration_seconds";
    private const string Loads = "model_runner_loads_total";
    private const string Info = "model_runner_model_info";
    private const string Memory = "model_runner_resident_memory_bytes";
    private const string MemoryLimit = "model_runner_memory_limit_bytes";
    private const string StartTime = "model_runner_runner_start_time_seconds";
    private const string State = "model_runner_runner_state";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_ready_runner_shows_its_state_its_start_and_what_its_process_uses()
    {
        DateTimeOffset before = DateTimeOffset.UtcNow;
        await using DaemonFixture daemon = await StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        DateTimeOffset after = DateTimeOffset.UtcNow;
        int process = await daemon.RunnerProcessAsync();

        AccountedPage page = await PageAsync(daemon);

        Assert.Equal(
            [$"{State}{ChatLabels}\",state=\"loading\"}} 0", $"{State}{ChatLabels}\",state=\"ready\"}} 1",
                $"{State}{ChatLabels}\",state=\"stopping\"}} 0", $"{State}{ChatLabels}\",state=\"failed\"}} 0"],
            Series(page, State));
        Assert.InRange(page.Sum(StartTime, ChatLabels), Seconds(before), Seconds(after));
        Assert.InRange(page.Sum(Memory, ChatLabels), ResidentBytes(process) / 2, ResidentBytes(process) * 2);
        Assert.InRange(page.Sum(Descriptors, ChatLabels), 10, Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Count() + 50);
        Assert.True(page.Sum(Estimate, ChatLabels) > 30 << 20);
        Assert.True(page.Sum(Cpu, ChatLabels) > 0);
    }

    [Theory]
    [InlineData(null, new string[0])]
    [InlineData("512MiB", new[] { MemoryLimit + " 536870912" })]
    public async Task The_limit_of_memory_is_shown_if_it_is_set(string? limit, string[] expected)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Arguments = limit is null ? [] : ["--memory", limit] });

        Assert.Equal(expected, Series(await PageAsync(daemon), MemoryLimit));
    }

    [Fact]
    public async Task The_model_of_a_runner_is_described_while_it_has_a_process()
    {
        await using DaemonFixture daemon = await StartAsync();
        Assert.Empty(Series(await PageAsync(daemon), Info));
        await daemon.PostAsync("v1/chat/completions", Chat);
        AccountedPage page = await PageAsync(daemon);

        GgufHeader header = GgufHeaderReader.Read(Path.Join(daemon.FolderPath, "models", "tiny-chat.gguf")).Header!;
        Assert.Equal(
            [$"{Info}{ChatLabels}\",architecture=\"llama\",quantization=\"Q8_0\",parameters=\"{header.SizeLabel}\",engine=\"llama-server\",engine_version=\"b0-stub\"}} 1"],
            Series(page, Info));
        Assert.Equal(
            [$"{Context}{ChatLabels}\",kind=\"configured\"}} {header.ContextLength}", $"{Context}{ChatLabels}\",kind=\"effective\"}} {header.ContextLength}"],
            Series(page, Context));
        Assert.Empty(Series(page, Offload));
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        page = await PageAsync(daemon);
        Assert.Empty(Series(page, Info));
        Assert.Empty(Series(page, Context));
    }

    [Fact]
    public async Task A_runner_that_got_less_than_configured_shows_it_on_the_page_in_ps_and_in_the_log()
    {
        await using DaemonFixture daemon = await StartAsync(
            """{"context":1024,"stderr_text":"0.1 I load_tensors: offloaded 12/33 layers to GPU\\n0.1 I load_tensors:        CUDA0 model buffer size =  24.75 MiB"}""");
        await daemon.PostAsync("v1/chat/completions", Chat);
        AccountedPage page = await PageAsync(daemon);

        const string Shortfalls = "12 of 33 layers are on a graphics card, the others on the processor; the context is 1024 tokens instead of 2048";
        Assert.Equal([$"{Offload}{ChatLabels}\",device=\"CUDA0\"}} {(12.0 / 33).ToString(CultureInfo.InvariantCulture)}"], Series(page, Offload));
        Assert.Equal((2048, 1024), (page.Sum(Context, "kind=\"configured\""), page.Sum(Context, "kind=\"effective\"")));
        System.Text.Json.JsonElement runner = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal(Shortfalls, string.Join("; ", runner.GetProperty("shortfalls").EnumerateArray().Select(static item => item.GetString())));
        Assert.Equal(("CUDA0", 1024), (runner.GetProperty("devices").GetString(), runner.GetProperty("context_tokens").GetInt32()));
        await daemon.WaitForLogAsync($"got less than it is configured for: {Shortfalls}");
        (_, string table, _) = await daemon.RunClientAsync(daemon.FolderPath, "ps");
        Assert.Contains("LESS THAN CONFIGURED", table, StringComparison.Ordinal);
        Assert.Contains(Shortfalls, table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slots_are_shown_and_slots_that_hang_or_are_wrong_cost_only_their_own_series()
    {
        const string Busy = "model_runner_slots_busy";
        const string Used = "model_runner_context_tokens_used";
        await using DaemonFixture daemon = await StartAsync("""{"slots":"[{\"is_processing\":true,\"n_prompt_tokens\":7},{\"is_processing\":false,\"n_prompt_tokens\":5}]"}""");
        await daemon.PostAsync("v1/chat/completions", Chat);
        AccountedPage page = await PageAsync(daemon);
        await DaemonFixture.WaitUntilAsync(async () => Series(page = await PageAsync(daemon), Busy).Count > 0, DaemonFixture.Patience);
        Assert.Equal([$"{Busy}{ChatLabels}\"}} 1"], Series(page, Busy));
        Assert.Equal([$"{Used}{ChatLabels}\"}} 12"], Series(page, Used));

        using HttpClient runner = DaemonFixture.RunnerClient(await daemon.RunnerProcessAsync());
        foreach (string faults in (string[])["""{"slots_delay_ms":100000}""", """{"slots_delay_ms":null,"slots":"{}"}""", """{"slots":null}"""])
        {
            using var content = new StringContent(faults);
            (await runner.PostAsync(new Uri("stub/faults", UriKind.Relative), content, Cancellation)).EnsureSuccessStatusCode();
            page = await PageAsync(daemon);
            Assert.Empty(Series(page, Busy));
            Assert.Empty(Series(page, Used));
            Assert.Equal(1, page.Sum("model_runner_up", ChatLabels));
        }

        double pages = page.Sum("model_runner_scrapes_total", "format=\"text\"");
        page = await PageAsync(daemon);
        Assert.Equal((pages + 1, 0), (page.Sum("model_runner_scrapes_total", "format=\"text\""), page.Sum("model_runner_scrapes_total", "format=\"openmetrics\"")));
        Assert.InRange(page.Sum("model_runner_page_duration_seconds"), 0.0001, 5);
    }

    [Fact]
    public async Task Above_the_limit_of_models_loads_and_requests_are_added_to_other()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = """{ "metrics": { "minInterval": "0s", "maxModels": 1 } }""" });
        await daemon.PostAsync("v1/chat/completions", Chat);
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        await daemon.PostAsync("v1/embeddings", """{"model":"tiny-embed","input":"a"}""");
        AccountedPage page = await AccountedPage.ReadAsync(daemon);

        Assert.Equal((1, 1, 2), (page.Sum(Loads, "tiny-embed"), page.Sum(Loads, "model=\"other\""), page.Sum(Loads)));
        Assert.Equal((1, 2), (page.Sum(AccountedPage.Requests, "model=\"other\""), page.Sum(AccountedPage.Requests)));
        Assert.True(page.Sum(Cpu, "model=\"other\"") > 0);
    }

    [Fact]
    public async Task Memory_of_a_server_that_a_script_started_counts_for_the_runner_and_what_is_unknown_is_absent()
    {
        string script = $"{StubProcess.ExecutablePath} --host \"$1\" --metrics & wait";
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""
                { "metrics": { "minInterval": "0s" },
                  "engines": { "lab": { "command": ["/bin/sh", "-c", {{System.Text.Json.JsonSerializer.Serialize(script)}}, "sh", "{socket}"], "ready": "/health" } },
                  "models": { "qwen3:8b": { "engine": "lab", "mode": "completion" } } }
                """,
        });
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", """{"model":"qwen3:8b","messages":[]}""")).Status);
        int shell = await daemon.RunnerProcessAsync();
        int server = Assert.Single(ProcessTable.ChildrenOf(shell));

        AccountedPage page = await PageAsync(daemon);
        double shown = page.Sum(Memory, "qwen3:8b");

        Assert.True(ResidentBytes(shell) < ResidentBytes(server) / 4, "The shell is as large as its child, so this test shows nothing.");
        Assert.InRange(shown, ResidentBytes(server) / 2, ResidentBytes(server) * 2);

        // Only the engine knows this model.
        Assert.Equal([Info + """{backend="lab",model="qwen3:8b",mode="completion",engine="lab"} 1"""], Series(page, Info));
        Assert.Empty(Series(page, Context));
        Assert.Empty(Series(page, Estimate));
    }

    [Fact]
    public async Task Processor_time_counts_without_a_scrape_and_continues_over_unload_and_kill()
    {
        await using DaemonFixture daemon = await StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        double first = (await PageAsync(daemon)).Sum(Cpu, ChatLabels);
        Assert.True(first > 0, "A runner that ended before the first scrape used no processor time.");

        await daemon.PostAsync("v1/chat/completions", Chat);
        double second = (await PageAsync(daemon)).Sum(Cpu, ChatLabels);
        await DaemonFixture.SignalAsync(await daemon.RunnerProcessAsync(), "KILL");
        AccountedPage last = await PageAsync(daemon);
        await DaemonFixture.WaitUntilAsync(
            async () => (last = await PageAsync(daemon)).Sum(State, ChatLabels, "state=\"failed\"") == 1, DaemonFixture.Patience);

        Assert.True(second > first, $"{first} s, then {second} s");
        Assert.True(last.Sum(Cpu, ChatLabels) >= second, $"{second} s, then {last.Sum(Cpu, ChatLabels)} s");
        Assert.Empty(Series(last, Memory));
        Assert.Empty(Series(last, Descriptors));
        Assert.Empty(Series(last, StartTime));
    }

    [Fact]
    public async Task Totals_never_fall_while_runners_come_and_go()
    {
        await using DaemonFixture daemon = await StartAsync();
        using var done = new CancellationTokenSource();
        Task<int> scraping = ScrapeUntilAsync(daemon, done.Token);
        for (int round = 0; round < 4; round++)
        {
            await daemon.PostAsync("v1/chat/completions", Chat);
            if (round % 2 == 0)
                await daemon.PostAsync("engines/unload", """{"all":true}""");
            else
                await DaemonFixture.SignalAsync(await daemon.RunnerProcessAsync(), "KILL");
        }

        await done.CancelAsync();
        Assert.True(await scraping > 4, "The page was read too seldom to show anything.");
        Assert.Equal(4, (await PageAsync(daemon)).Sum(Loads, "result=\"loaded\""));
    }

    [Fact]
    public async Task A_runner_that_ends_costs_only_its_own_series()
    {
        await using DaemonFixture daemon = await StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        int chat = await daemon.RunnerProcessAsync();
        await daemon.PostAsync("v1/embeddings", """{"model":"tiny-embed","input":"a"}""");
        Assert.Equal(2, Series(await PageAsync(daemon), Memory).Count);

        await DaemonFixture.SignalAsync(chat, "KILL");
        IReadOnlyList<string> left = [];
        await DaemonFixture.WaitUntilAsync(async () => (left = Series(await PageAsync(daemon), Memory)).Count < 2, DaemonFixture.Patience);

        Assert.Contains("tiny-embed", Assert.Single(left), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Loads_are_counted_by_result_and_timed()
    {
        await using DaemonFixture daemon = await StartAsync("""{"load_delay_ms": 300}""");
        await daemon.PostAsync("v1/chat/completions", Chat);
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        await daemon.PostAsync("v1/chat/completions", Chat);
        AccountedPage page = await PageAsync(daemon);

        Assert.Equal([$"{Loads}{ChatLabels}\",result=\"loaded\"}} 2"], Series(page, Loads));
        Assert.Equal(2, page.Sum($"{LoadDuration}_count", ChatLabels));
        Assert.Equal(0, page.Sum($"{LoadDuration}_bucket", ChatLabels, "le=\"0.25\""));
        Assert.True(page.Sum($"{LoadDuration}_sum", ChatLabels) >= 0.6);
        PageRules.Check(Encoding.UTF8.GetBytes(page.Text));
    }

    [Fact]
    public async Task A_start_that_fails_is_a_failed_load()
    {
        await using DaemonFixture daemon = await StartAsync("""{"exit_at_start": 1}""");
        Assert.Equal(502, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        AccountedPage page = await PageAsync(daemon);

        Assert.Equal([$"{Loads}{ChatLabels}\",result=\"failed\"}} 1"], Series(page, Loads));
        Assert.Empty(Series(page, LoadDuration));
        Assert.Equal(1, page.Sum(State, ChatLabels, "state=\"failed\""));

        // Nothing is reserved for a runner without a process, so a sum over all runners must not contain it.
        Assert.Empty(Series(page, Estimate));
    }

    [Fact]
    public async Task A_runner_that_is_stopped_while_it_loads_is_a_cancelled_load()
    {
        await using DaemonFixture daemon = await StartAsync("""{"never_ready": true}""");
        Task<(int Status, System.Text.Json.JsonElement)> asked = daemon.PostAsync("v1/chat/completions", Chat);
        AccountedPage page = await PageAsync(daemon);
        await DaemonFixture.WaitUntilAsync(
            async () => (page = await PageAsync(daemon)).Sum(State, ChatLabels, "state=\"loading\"") == 1 && Series(page, Memory).Count == 1,
            DaemonFixture.Patience);
        Assert.Empty(Series(page, Loads));
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        await asked;
        page = await PageAsync(daemon);

        Assert.Equal([$"{Loads}{ChatLabels}\",result=\"cancelled\"}} 1"], Series(page, Loads));
        Assert.Empty(Series(page, LoadDuration));
    }

    private static Task<DaemonFixture> StartAsync(string chatFaults = "{}") => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = """{ "metrics": { "minInterval": "0s" } }""",
        Faults = new Dictionary<string, string>(StringComparer.Ordinal) { ["tiny-chat"] = chatFaults },
    });

    private static Task<AccountedPage> PageAsync(DaemonFixture daemon) => AccountedPage.ReadNowAsync(daemon);

    /// <summary>Reads pages one after another and checks that no total is less than on the page before. Returns their number.</summary>
    private static async Task<int> ScrapeUntilAsync(DaemonFixture daemon, CancellationToken done)
    {
        string[] names = [Cpu, Loads, $"{LoadDuration}_sum", $"{LoadDuration}_count"];
        double[] totals = new double[names.Length];
        int pages = 0;
        for (; !done.IsCancellationRequested; pages++)
        {
            AccountedPage page = await PageAsync(daemon);
            for (int i = 0; i < names.Length; i++)
            {
                double total = page.Sum(names[i]);
                Assert.True(total >= totals[i], $"{names[i]} was {totals[i]}, then {total}.");
                totals[i] = total;
            }
        }

        return pages;
    }

    private static IReadOnlyList<string> Series(AccountedPage page, string name) =>
        [.. page.Text.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal))];

    private static double Seconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).TotalSeconds;

    private static double ResidentBytes(int process) =>
        double.Parse(File.ReadAllText($"/proc/{process}/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
}
