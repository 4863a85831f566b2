using System.Diagnostics;
using System.Text;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 30: a runner crashes before its response, in the middle of it, and after it.</summary>
[Collection(CheckGroup.Name)]
public sealed class CrashChecks
{
    private const int Rounds = 50;
    private const string Stream = """{"model":"tiny-chat","messages":[],"max_tokens":500,"stream":true}""";
    private const string Short = """{"model":"tiny-chat","messages":[],"max_tokens":2,"stream":true}""";
    private const string Embed = """{"model":"tiny-embed","input":"one"}""";
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(100);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_30_Each_crash_is_one_clear_error_within_a_tenth_of_a_second_and_the_next_request_is_served()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true }.WithFaults("""{"token_delay_ms": 10}"""));
        using var tcp = new HttpClient { BaseAddress = daemon.TcpAddress };
        await daemon.PostAsync("v1/embeddings", Embed);
        int other = await daemon.RunnerProcessAsync();
        var times = new List<TimeSpan>();
        int errors = 0;
        for (int i = 0; i < Rounds; i++)
        {
            int round = i;
            await Figures.RetryWhileBusyAsync([daemon.ProcessId], async () =>
            {
                HttpClient client = round % 2 == 0 ? daemon.Client : tcp;
                string signal = round / 2 % 2 == 0 ? "KILL" : "SEGV";
                Assert.EndsWith("data: [DONE]\n\n", await ReadAsync(client, Short), StringComparison.Ordinal);
                int runner = await RunnerAsync(daemon);
                TimeSpan time = (round % 3) switch
                {
                    0 => await CrashAtRequestAsync(client, runner, signal),
                    1 => await CrashInStreamAsync(client, runner, signal),
                    _ => await CrashAfterAsync(runner, signal),
                };
                Assert.Equal(200, (await daemon.PostAsync("v1/embeddings", Embed)).Status);
                if (time > Limit)
                    return $"round {round}: {time.TotalMilliseconds:0} ms";
                times.Add(time);
                errors += round % 3 == 2 ? 0 : 1;
                return null;
            });
        }

        Assert.EndsWith("data: [DONE]\n\n", await ReadAsync(tcp, Short), StringComparison.Ordinal);
        Assert.True(ProcessTable.IsAlive(other));
        Figures.Print($"{Rounds} of {Rounds} crashes, {errors} errors, median {Figures.Quantile(times, 0.5).TotalMilliseconds:0} ms, longest {times.Max().TotalMilliseconds:0} ms; the other runner lived");
    }

    private static async Task<TimeSpan> CrashAtRequestAsync(HttpClient client, int runner, string signal)
    {
        using HttpClient stub = DaemonFixture.RunnerClient(runner);
        using var faults = new StringContent($$"""{"signal_at_request": {{(signal == "KILL" ? 9 : 11)}}}""");
        using HttpResponseMessage set = await stub.PostAsync(new Uri("stub/faults", UriKind.Relative), faults, Cancellation);
        long started = Stopwatch.GetTimestamp();
        using var content = new StringContent(Stream, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), content, Cancellation);
        string body = await response.Content.ReadAsStringAsync(Cancellation);
        TimeSpan time = Stopwatch.GetElapsedTime(started);
        Assert.Equal(502, (int)response.StatusCode);
        Assert.Contains(AssertError(body).GetProperty("reason").GetString(), (string[])["killed", "crashed"]);
        return time;
    }

    private static async Task<TimeSpan> CrashInStreamAsync(HttpClient client, int runner, string signal)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = new StringContent(Stream, Encoding.UTF8, "application/json") };
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        Assert.StartsWith("data: ", await reader.ReadLineAsync(Cancellation), StringComparison.Ordinal);
        await EndAsync(runner, signal);
        long crashed = Stopwatch.GetTimestamp();
        string rest = await reader.ReadToEndAsync(Cancellation);
        TimeSpan time = Stopwatch.GetElapsedTime(crashed);

        // The last event says that the stream was cut.
        AssertError(rest.TrimEnd('\n').Split('\n')[^1]["data: ".Length..]);
        return time;
    }

    private static async Task<TimeSpan> CrashAfterAsync(int runner, string signal)
    {
        await EndAsync(runner, signal);
        await ProcessTable.WaitUntilGoneAsync(runner, DaemonFixture.Patience);
        return TimeSpan.Zero;
    }

    // The runtime of the stub ignores the first SIGSEGV that comes from outside, so the stub ends itself.
    private static async Task EndAsync(int runner, string signal)
    {
        if (signal == "KILL")
        {
            await DaemonFixture.SignalAsync(runner, signal);
            return;
        }

        using HttpClient stub = DaemonFixture.RunnerClient(runner);
        using var content = new StringContent("11");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => stub.PostAsync(new Uri("stub/signal", UriKind.Relative), content, Cancellation));
    }

    private static JsonElement AssertError(string json)
    {
        using var document = JsonDocument.Parse(json);
        JsonElement error = document.RootElement.GetProperty("error").Clone();
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        Assert.NotEmpty(error.GetProperty("type").GetString()!);
        return error;
    }

    private static async Task<int> RunnerAsync(DaemonFixture daemon) => Assert.Single(
        await daemon.RunnersAsync(), static runner => runner.GetProperty("model_name").GetString() == "tiny-chat:latest").GetProperty("pid").GetInt32();

    private static async Task<string> ReadAsync(HttpClient client, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), content, Cancellation);
        return await response.Content.ReadAsStringAsync(Cancellation);
    }
}
