using System.Diagnostics;
using System.Globalization;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 29: a runner that writes a gigabyte to standard error.</summary>
[Collection(CheckGroup.Name)]
public sealed class FloodChecks
{
    private const long Bytes = 1_000_000_000;
    private const double MinMegabytesPerSecond = 200;
    private const long MaxMoreMemory = 8 << 20;
    private const string Chat = """{"model":"tiny-chat","messages":[],"max_tokens":1}""";
    private const string Embed = """{"model":"tiny-embed","input":"one"}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Check_29_A_gigabyte_of_log_without_a_line_end_costs_no_memory_and_delays_no_request(bool isBinary)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults(
            $$"""{"flood_stderr_bytes": {{Bytes}}{{(isBinary ? ", \"flood_binary\": true" : "")}}}"""));
        for (int i = 0; i < 20; i++)
            await daemon.PostAsync("v1/embeddings", Embed);

        // The first floods include just-in-time compilation.
        for (int i = 0; i < 4; i++)
            await FloodAsync(daemon);
        await Figures.RetryWhileBusyAsync([daemon.ProcessId], async () =>
        {
            long before = Memory(daemon, "VmRSS:");
            await File.WriteAllTextAsync($"/proc/{daemon.ProcessId}/clear_refs", "5", Cancellation);
            (double rate, TimeSpan longest) = await FloodAsync(daemon);
            long more = Memory(daemon, "VmHWM:") - before;
            Figures.Print($"{(isBinary ? "binary" : "text")}: {rate:0} MB/s, {more / 1048576.0:0.0} MiB more, longest request {longest.TotalMilliseconds:0} ms");
            return rate < MinMegabytesPerSecond ? $"{rate:0} MB/s" : longest > TimeSpan.FromSeconds(1) ? $"a request took {longest}" : more > MaxMoreMemory ? $"{more} bytes more" : null;
        });
    }

    /// <summary>Loads the model, whose process writes from its start on, and sends requests to the other one meanwhile.</summary>
    private static async Task<(double MegabytesPerSecond, TimeSpan LongestRequest)> FloodAsync(DaemonFixture daemon)
    {
        await daemon.PostAsync("engines/unload", """{"models":["tiny-chat"]}""");
        long started = Stopwatch.GetTimestamp();
        Task<(int Status, System.Text.Json.JsonElement Body)> loading = daemon.PostAsync("v1/chat/completions", Chat);
        TimeSpan longest = TimeSpan.Zero;
        int runner = 0;
        while (runner == 0 || Written(runner) < Bytes)
        {
            long asked = Stopwatch.GetTimestamp();
            Assert.Equal(200, (await daemon.PostAsync("v1/embeddings", Embed)).Status);
            TimeSpan time = Stopwatch.GetElapsedTime(asked);
            longest = time > longest ? time : longest;
            runner = runner > 0 ? runner : await RunnerAsync(daemon);
            Assert.True(Stopwatch.GetElapsedTime(started) < DaemonFixture.Patience, "The flood does not end.");
        }

        // The start of the process is a part of this time, so the rate is higher than that.
        double rate = Bytes / 1e6 / Stopwatch.GetElapsedTime(started).TotalSeconds;
        Assert.Equal(200, (await loading).Status);
        return (rate, longest);
    }

    private static async Task<int> RunnerAsync(DaemonFixture daemon)
    {
        foreach (System.Text.Json.JsonElement runner in await daemon.RunnersAsync())
            if (runner.GetProperty("model_name").GetString() == "tiny-chat:latest" && runner.TryGetProperty("pid", out System.Text.Json.JsonElement process))
                return process.GetInt32();
        return 0;
    }

    private static long Written(int process) => long.Parse(
        File.ReadLines($"/proc/{process}/io").First(static line => line.StartsWith("wchar: ", StringComparison.Ordinal))["wchar: ".Length..], CultureInfo.InvariantCulture);

    private static long Memory(DaemonFixture daemon, string name) => 1024 * long.Parse(
        File.ReadLines($"/proc/{daemon.ProcessId}/status").First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "", StringComparison.Ordinal),
        CultureInfo.InvariantCulture);
}
