using System.Net;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Http;

public sealed class MetricsTests
{
    private static readonly Uri Page = new("/metrics", UriKind.Relative);

    [Fact]
    public async Task Every_token_is_counted_and_a_reading_changes_nothing()
    {
        await using HostProcess host = await HostProcess.StartAsync(
            "-m", HostProcess.ChatModel, "--metrics", "-np", "1", "-c", "512", "-t", "1");

        await host.AskAsync("/v1/chat/completions", HostClient.Chat("What is the capital of Norway?"));
        Assert.Equal(19, await host.MetricAsync("prompt_tokens_total"));
        Assert.Equal(0, await host.MetricAsync("prompt_tokens_cached_total"));
        Assert.Equal(14, await host.MetricAsync("tokens_predicted_total"));
        Assert.Equal(14, await host.MetricAsync("n_decode_total"));
        Assert.Equal(32, await host.MetricAsync("n_tokens_max"));

        await host.AskAsync("/v1/chat/completions", HostClient.Chat("What is the capital of Norway?"));
        Assert.Equal(20, await host.MetricAsync("prompt_tokens_total"));
        Assert.Equal(18, await host.MetricAsync("prompt_tokens_cached_total"));
        Assert.Equal(28, await host.MetricAsync("tokens_predicted_total"));
        Assert.Equal(1, await host.MetricAsync("n_busy_slots_per_decode"));
        Assert.True(await host.MetricAsync("predicted_tokens_seconds") > 0);
        Assert.Equal(await host.MetricAsync("predicted_tokens_seconds"), await host.MetricAsync("predicted_tokens_seconds"), 0.001);

        await host.AskAsync("/v1/chat/completions", HostClient.Chat("What is the capital of Norway?", ",\"cache_prompt\":false"));
        Assert.Equal(39, await host.MetricAsync("prompt_tokens_total"));
        Assert.Equal(18, await host.MetricAsync("prompt_tokens_cached_total"));
    }

    [Fact]
    public async Task Tokens_are_counted_while_the_answer_runs()
    {
        await using HostProcess host = await HostProcess.StartAsync(
            "-m", HostProcess.ChatModel, "--metrics", "-np", "1", "-c", "65536", "-t", "1");
        using var leave = new CancellationTokenSource();
        using HttpResponseMessage endless = await host.PostAsync(
            "/v1/completions", """{"prompt":"Once","stream":true,"ignore_eos":true}""", leave.Token);
        using Stream body = await endless.Content.ReadAsStreamAsync(leave.Token);
        Assert.True(await body.ReadAsync(new byte[1], leave.Token) > 0);

        Assert.Equal(1, await host.MetricAsync("requests_processing"));
        double early = await host.MetricAsync("tokens_predicted_total");
        Assert.True(await body.ReadAsync(new byte[4096], leave.Token) > 0);
        using var limit = new CancellationTokenSource(HostProcess.Limit);
        while (await host.MetricAsync("tokens_predicted_total") <= early)
            await Task.Delay(5, limit.Token);
    }

    [Fact]
    public async Task Without_the_flag_there_is_no_page()
    {
        await using HostProcess host = await HostProcess.StartAsync("-m", HostProcess.ChatModel, "-t", "1");

        using HttpResponseMessage response = await host.Client.GetAsync(Page);

        Assert.Equal(HttpStatusCode.NotImplemented, response.StatusCode);
        Assert.Contains("--metrics", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task The_page_has_the_shape_of_the_page_of_llama_server()
    {
        string server = RealLlamaServer.Require();
        await using HostProcess ours = await HostProcess.StartAsync("-m", HostProcess.ChatModel, "--metrics", "-t", "1");
        await using HostProcess theirs = await HostProcess.StartAsync(
            server, ["-m", HostProcess.ChatModel, "--metrics", "-t", "1", "--no-ui"]);

        Assert.Equal(await ShapeAsync(theirs), await ShapeAsync(ours));
    }

    private static async Task<IReadOnlyList<string>> ShapeAsync(HostProcess host)
    {
        using HttpResponseMessage response = await host.Client.GetAsync(Page);
        string page = await response.Content.ReadAsStringAsync();
        IEnumerable<string> lines = page.Split('\n').Select(line => line.StartsWith('#') ? line : line.Split(' ')[0]);
        return [response.Content.Headers.ContentType!.ToString(), .. lines];
    }
}
