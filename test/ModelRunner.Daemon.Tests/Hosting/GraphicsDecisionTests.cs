using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tests.Linux.Graphics;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The memory of a graphics card decides in the real daemon, with a library in place of NVIDIA's and a stub that lists the card.</summary>
public sealed class GraphicsDecisionTests
{
    private const string Card = "0000:65:00.0";
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}]}""";
    private const string Embed = """{"model":"tiny-embed","input":"one two"}""";
    private const long Mebibyte = 1 << 20;

    [Fact]
    public async Task A_model_that_does_not_fit_on_the_card_takes_the_place_of_an_idle_one_or_is_refused_with_the_numbers()
    {
        using var folder = new TemporaryFolder();
        FakeNvidiaLibrary library = await FakeNvidiaLibrary.MakeAsync(folder.Path);
        library.Tell(State(usedMiB: 1300));
        await using DaemonFixture daemon = await StartAsync(library, "-ngl 99");

        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        JsonElement start = await DecisionAsync(daemon, "tiny-chat", "start");
        JsonElement card = Assert.Single(start.GetProperty("gpus").EnumerateArray());
        Assert.Equal(Card, card.GetProperty("gpu").GetString());
        Assert.Equal((700 * Mebibyte, 0), (card.GetProperty("limit_bytes").GetInt64(), card.GetProperty("used_bytes").GetInt64()));
        long needed = card.GetProperty("needed_bytes").GetInt64();
        Assert.InRange(needed, 384 * Mebibyte, 500 * Mebibyte);
        JsonElement runner = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal(needed, runner.GetProperty("gpu_memory_estimate_bytes").GetProperty(Card).GetInt64());

        // The runner holds 300 MiB now, so 700 are still what all runners may use, and the card is the only thing that is short.
        await TellAsync(library, State(usedMiB: 1600, runner.GetProperty("pid").GetInt32(), heldMiB: 300));
        Assert.Equal(200, (await daemon.PostAsync("v1/embeddings", Embed)).Status);
        JsonElement stop = await DecisionAsync(daemon, "tiny-chat", "stop");
        Assert.Equal(("evicted", "tiny-embed:latest"), (stop.GetProperty("reason").GetString(), stop.GetProperty("other_model").GetString()));

        // Another program takes the rest.
        await TellAsync(library, State(usedMiB: 1900, await daemon.RunnerProcessAsync(), heldMiB: 100));
        (int status, JsonElement refusal) = await daemon.PostAsync("v1/chat/completions", Chat);
        string message = refusal.GetProperty("error").GetProperty("message").GetString()!;
        Assert.Equal((503, "out_of_memory"), (status, refusal.GetProperty("error").GetProperty("code").GetString()));
        Assert.Contains($" MiB on graphics cards, and the limit for all models together is 200 MiB on {Card};", message, StringComparison.Ordinal);
        Assert.Contains("it fits with --device none in its args", message, StringComparison.Ordinal);
        (_, string why, _) = await daemon.RunClientAsync(folder.Path, "why", "tiny-chat");
        Assert.Contains("200 MiB on", why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Llama_server_that_adapts_starts_with_what_is_free_and_is_never_refused_for_the_card()
    {
        using var folder = new TemporaryFolder();
        FakeNvidiaLibrary library = await FakeNvidiaLibrary.MakeAsync(folder.Path);
        library.Tell(State(usedMiB: 1300));
        await using DaemonFixture daemon = await StartAsync(library, "--threads 1");

        // It leaves 1024 MiB free, and there are 700.
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        JsonElement start = await DecisionAsync(daemon, "tiny-chat", "start");
        Assert.Equal(0, start.GetProperty("gpus")[0].GetProperty("needed_bytes").GetInt64());
        Assert.True(start.GetProperty("beside_gpu_bytes").GetInt64() > 0);
        Assert.Contains(
            "do not fit on graphics cards, so llama-server keeps them in main memory", start.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.False(Assert.Single(await daemon.RunnersAsync()).TryGetProperty("gpu_memory_estimate_bytes", out _));

        // Now there is room for all of it.
        await TellAsync(library, State(usedMiB: 100));
        Assert.Equal(200, (await daemon.PostAsync("v1/embeddings", Embed)).Status);
        JsonElement whole = await DecisionAsync(daemon, "tiny-embed", "start");
        Assert.Equal(0, whole.GetProperty("beside_gpu_bytes").GetInt64());
        Assert.InRange(whole.GetProperty("gpus")[0].GetProperty("needed_bytes").GetInt64(), 384 * Mebibyte, 600 * Mebibyte);
    }

    [Fact]
    public async Task A_driver_that_hangs_delays_a_start_for_a_moment_only()
    {
        using var folder = new TemporaryFolder();
        FakeNvidiaLibrary library = await FakeNvidiaLibrary.MakeAsync(folder.Path);
        library.Tell("hang\n" + State(usedMiB: 1900));
        await using DaemonFixture daemon = await StartAsync(library, "-ngl 99");
        long started = Stopwatch.GetTimestamp();
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        Assert.True(Stopwatch.GetElapsedTime(started) < DaemonFixture.Patience / 2);
        Assert.False((await DecisionAsync(daemon, "tiny-chat", "start")).TryGetProperty("gpus", out _));
    }

    [Fact]
    public async Task What_a_load_really_used_on_the_card_counts_at_the_next_one()
    {
        using var folder = new TemporaryFolder();
        FakeNvidiaLibrary library = await FakeNvidiaLibrary.MakeAsync(folder.Path);
        library.Tell(State(usedMiB: 100));
        await using DaemonFixture daemon = await StartAsync(library, "-ngl 99");
        await daemon.PostAsync("v1/chat/completions", Chat);
        long first = (await DecisionAsync(daemon, "tiny-chat", "start")).GetProperty("gpus")[0].GetProperty("needed_bytes").GetInt64();
        library.Tell(State(usedMiB: 1100, await daemon.RunnerProcessAsync(), heldMiB: 1000));
        await daemon.WaitForPageAsync(FormattableString.Invariant($"gpu=\"{Card}\"}} {1000 * Mebibyte}"));
        await daemon.PostAsync("v1/chat/completions", Chat);
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        library.Tell(State(usedMiB: 100));
        await daemon.PostAsync("v1/chat/completions", Chat);

        long next = (await DecisionAsync(daemon, "tiny-chat", "start")).GetProperty("gpus")[0].GetProperty("needed_bytes").GetInt64();

        // In a container with its own process numbers the library cannot name the runner.
        bool hasAllProcesses = new FileInfo("/proc/self/ns/pid").LinkTarget == "pid:[4026531836]";
        Assert.InRange(next, hasAllProcesses ? 1040 * Mebibyte : first, hasAllProcesses ? 1060 * Mebibyte : first);
    }

    // A decision may use a measurement that is a little older.
    private static async Task TellAsync(FakeNvidiaLibrary library, string state)
    {
        library.Tell(state);
        long told = Stopwatch.GetTimestamp();
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(Stopwatch.GetElapsedTime(told) > MemoryMeter.MaxAge), DaemonFixture.Patience);
    }

    private static string State(int usedMiB, int process = 0, int heldMiB = 0) =>
        string.Create(CultureInfo.InvariantCulture, $"card 0 101 0 {2000 * Mebibyte} {usedMiB * Mebibyte}\n")
        + (process == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"compute {process} {heldMiB * Mebibyte} 0\n"));

    private static Task<DaemonFixture> StartAsync(FakeNvidiaLibrary library, string arguments) => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = $$"""{ "llamaArgs": "{{arguments}}", "metrics": { "minInterval": "0s" } }""",
        Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["LD_LIBRARY_PATH"] = library.Folder, ["GGML_STUB_DEVICES"] = "CUDA0: Fake card (1990 MiB, 700 MiB free)",
        },
    });

    private static async Task<JsonElement> DecisionAsync(DaemonFixture daemon, string model, string kind) =>
        (await daemon.GetAsync($"engines/decisions?model={model}")).GetProperty("decisions").EnumerateArray()
            .First(decision => decision.GetProperty("decision").GetString() == kind && decision.GetProperty("model").GetString() == $"{model}:latest");
}
