using System.Text.Json;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>Runners whose model file is replaced, or whose source is switched off, in the real daemon.</summary>
public sealed class OutdatedFileTests : IDisposable
{
    private const string Chat = """{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":2,"keep_alive":-1}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_replaced_file_makes_a_busy_runner_outdated_and_the_next_load_uses_the_new_file()
    {
        string path = Write("models/m.gguf", 1);
        await using DaemonFixture daemon = await StartAsync("""{"hold_requests":true}""");
        Task<(int Status, JsonElement Body)> running = daemon.PostAsync("v1/chat/completions", Chat);
        int process = await daemon.BusyRunnerProcessAsync();

        File.Move(Write("new.gguf", 2), path, overwrite: true);
        JsonElement outdated = await WaitForOutdatedAsync(daemon);
        Assert.Equal("the file of its model was replaced; it stops as soon as it is idle", outdated.GetProperty("outdated_reason").GetString());

        using HttpClient stub = DaemonFixture.RunnerClient(process);
        using HttpResponseMessage released = await stub.PostAsync(new Uri("stub/release", UriKind.Relative), content: null, Cancellation);
        Assert.Equal(200, (await running).Status);
        await ProcessTable.WaitUntilGoneAsync(process, DaemonFixture.Patience);
        JsonElement stop = (await daemon.GetAsync("engines/decisions?model=m")).GetProperty("decisions").EnumerateArray()
            .First(static item => item.GetProperty("decision").GetString() == "stop");
        Assert.Equal("the file of its model was replaced", stop.GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_preloaded_model_is_loaded_again_with_its_new_file()
    {
        string path = Write("models/m.gguf", 1);
        await using DaemonFixture daemon = await StartAsync(null, """{"models":{"m":{"preload":true}}}""");
        int first = await WaitForProcessAsync(daemon, 0);
        File.Move(Write("new.gguf", 2), path, overwrite: true);

        Assert.NotEqual(first, await WaitForProcessAsync(daemon, first));
    }

    [Fact]
    public async Task A_file_that_stays_or_is_missing_makes_nothing_outdated()
    {
        string path = Write("models/m.gguf", 1);
        await using DaemonFixture daemon = await StartAsync(null);
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        int process = await daemon.RunnerProcessAsync();
        File.Delete(path);
        await WaitForStatusAsync(daemon, 404);

        Assert.False(Assert.Single(await daemon.RunnersAsync()).TryGetProperty("outdated", out _));
        Assert.Equal(process, await daemon.RunnerProcessAsync());
    }

    [Fact]
    public async Task A_source_that_is_switched_off_stops_its_models()
    {
        string link = _folder.AddToHuggingFace("org/m-GGUF", "m-Q4_0.gguf", await File.ReadAllBytesAsync(Write("m.gguf", 1), Cancellation));
        _folder.SetMain("org/m-GGUF", ForeignStores.Commit);
        await File.WriteAllTextAsync(link + ".stub.json", """{"hold_requests":true}""", Cancellation);
        await using DaemonFixture daemon = await StartAsync(null, """{"sources":["huggingface"]}""");
        Task<(int Status, JsonElement Body)> running = daemon.PostAsync("v1/chat/completions", Chat.Replace("\"m\"", "\"org/m-GGUF:Q4_0\"", StringComparison.Ordinal));
        int process = await daemon.BusyRunnerProcessAsync();

        await File.WriteAllTextAsync(Path.Join(daemon.FolderPath, "model-runner.json"), """{"sources":[]}""", Cancellation);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await daemon.WaitForLogAsync("changed: sources");
        JsonElement outdated = await WaitForOutdatedAsync(daemon);
        Assert.Equal("the source of its model was switched off; it stops as soon as it is idle", outdated.GetProperty("outdated_reason").GetString());

        using HttpClient stub = DaemonFixture.RunnerClient(process);
        using HttpResponseMessage released = await stub.PostAsync(new Uri("stub/release", UriKind.Relative), content: null, Cancellation);
        Assert.Equal(200, (await running).Status);
        await ProcessTable.WaitUntilGoneAsync(process, DaemonFixture.Patience);
    }

    [Fact]
    public async Task Saved_contexts_that_are_turned_on_make_a_loaded_runner_outdated()
    {
        Write("models/m.gguf", 1);
        await using DaemonFixture daemon = await StartAsync(null, "{}");
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);

        await File.WriteAllTextAsync(Path.Join(daemon.FolderPath, "model-runner.json"), """{"kvCache":{"persist":true}}""", Cancellation);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await daemon.WaitForLogAsync("changed: kvCache.persist");

        JsonElement outdated = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal("kvCache.persist is on now; the next load uses the new settings", outdated.GetProperty("outdated_reason").GetString());
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        Assert.False(Assert.Single(await daemon.RunnersAsync()).TryGetProperty("outdated", out _));
    }

    private Task<DaemonFixture> StartAsync(string? faults, string? configuration = null) => DaemonFixture.StartAsync(new DaemonSetup
    {
        Folder = _folder,
        Configuration = configuration,
        Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["MODEL_RUNNER_SOURCES"] = configuration?.Contains("sources", StringComparison.Ordinal) == true ? null : "none",
            ["HF_HUB_CACHE"] = _folder.PathOf("hub"),
        },
        Faults = faults is null
            ? new Dictionary<string, string>(StringComparer.Ordinal)
            : new Dictionary<string, string>(StringComparer.Ordinal) { ["m"] = faults },
    });

    private string Write(string name, int number)
    {
        _folder.Write(name, GgufBuilder.Llama().UInt32("test.number", (uint)number).Build());
        return _folder.PathOf(name);
    }

    private static async Task<JsonElement> WaitForOutdatedAsync(DaemonFixture daemon)
    {
        JsonElement found = default;
        await DaemonFixture.WaitUntilAsync(
            async () => (found = Assert.Single(await daemon.RunnersAsync())).TryGetProperty("outdated", out _), DaemonFixture.Patience);
        return found;
    }

    private static async Task<int> WaitForProcessAsync(DaemonFixture daemon, int other)
    {
        int found = 0;
        await DaemonFixture.WaitUntilAsync(
            async () => await daemon.RunnersAsync() is [var runner] && runner.TryGetProperty("pid", out JsonElement process)
                && (found = process.GetInt32()) != other && runner.GetProperty("state").GetString() == "ready",
            DaemonFixture.Patience);
        return found;
    }

    private static Task WaitForStatusAsync(DaemonFixture daemon, int status) => DaemonFixture.WaitUntilAsync(
        async () => (await daemon.PostAsync("v1/chat/completions", Chat)).Status == status, DaemonFixture.Patience);
}
