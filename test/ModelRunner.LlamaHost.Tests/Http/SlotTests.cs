using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Http;

public sealed class SlotTests
{
    private const string Endless = """{"prompt":"Once","stream":true,"ignore_eos":true}""";

    [Fact]
    public async Task Eight_requests_share_four_slots()
    {
        await using HostProcess host = await HostProcess.StartAsync(
            "-m", HostProcess.ChatModel, "--metrics", "-np", "4", "-c", "4096", "-t", "1");
        string[] countries = ["France", "Italy", "Spain", "Japan", "Germany", "Norway", "Greece", "Egypt"];
        string[] capitals = ["Paris", "Rome", "Madrid", "Tokyo", "Berlin", "Oslo", "Athens", "Cairo"];

        JsonElement[] replies = await Task.WhenAll(
            countries.Select(country => host.AskAsync("/v1/chat/completions", HostClient.Chat($"What is the capital of {country}?"))));

        foreach ((JsonElement reply, string capital) in replies.Zip(capitals))
            Assert.Contains(capital, reply.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        int tokens = replies.Sum(reply => reply.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(tokens, await host.MetricAsync("tokens_predicted_total"));
        Assert.Equal(0, await host.MetricAsync("requests_processing"));
        Assert.Equal(0, await host.MetricAsync("requests_deferred"));
    }

    [Fact]
    public async Task Who_leaves_frees_the_slot_for_who_waits()
    {
        await using HostProcess host = await HostProcess.StartAsync(
            "-m", HostProcess.ChatModel, "--metrics", "-np", "1", "-c", "1000000", "-t", "1");
        using var leave = new CancellationTokenSource();
        using HttpResponseMessage endless = await host.PostAsync("/v1/completions", Endless, leave.Token);
        await host.WaitForMetricAsync("requests_processing", 1);
        Task<JsonElement> waiting = host.AskAsync("/v1/chat/completions", HostClient.Chat("What is the capital of Norway?"));
        await host.WaitForMetricAsync("requests_deferred", 1);
        Assert.False(waiting.IsCompleted);

        await leave.CancelAsync();
        endless.Dispose();

        JsonElement reply = await waiting.WaitAsync(HostProcess.Limit);
        Assert.Contains("Oslo", reply.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal(0, await host.MetricAsync("requests_processing"));
    }

    [Fact]
    public async Task Who_leaves_while_waiting_is_forgotten()
    {
        await using HostProcess host = await HostProcess.StartAsync(
            "-m", HostProcess.ChatModel, "--metrics", "-np", "1", "-c", "1000000", "-t", "1");
        using HttpResponseMessage endless = await host.PostAsync("/v1/completions", Endless);
        await host.WaitForMetricAsync("requests_processing", 1);
        using var leave = new CancellationTokenSource();
        using HttpResponseMessage waiting = await host.PostAsync("/v1/completions", Endless, leave.Token);
        await host.WaitForMetricAsync("requests_deferred", 1);

        waiting.Dispose();

        await host.WaitForMetricAsync("requests_deferred", 0);
        Assert.Equal(1, await host.MetricAsync("requests_processing"));
    }
}
