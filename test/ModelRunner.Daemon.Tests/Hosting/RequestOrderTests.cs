using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The order of requests in the real daemon: limits of a model, classes of requests, and swaps.</summary>
public sealed class RequestOrderTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one"}],"max_tokens":2}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_above_the_limit_of_a_model_wait_and_are_shown()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = """{"models":{"tiny-chat":{"concurrency":1}}}""" }.WithFaults("""{"hold_requests":true}"""));
        Task<(int Status, JsonElement Body)>[] sent = [.. Enumerable.Range(0, 3).Select(_ => daemon.PostAsync("v1/chat/completions", Chat))];
        await DaemonFixture.WaitUntilAsync(async () => await CountsAsync(daemon) == (1, 2, 1), DaemonFixture.Patience);
        Assert.Contains("model_runner_requests_queued", await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation), StringComparison.Ordinal);

        using HttpClient stub = DaemonFixture.RunnerClient(await daemon.RunnerProcessAsync());
        using (await stub.PostAsync(new Uri("stub/faults", UriKind.Relative), new StringContent("""{"hold_requests":null}"""), Cancellation))
        using (await stub.PostAsync(new Uri("stub/release", UriKind.Relative), content: null, Cancellation))
        {
            foreach ((int status, _) in await Task.WhenAll(sent))
                Assert.Equal(200, status);
        }
    }

    [Theory]
    [InlineData("interactive", 200)]
    [InlineData("Background", 200)]
    [InlineData("urgent", 400)]
    [InlineData("", 400)]
    [InlineData("interactive, background", 400)]
    public async Task The_header_for_the_class_of_a_request_has_two_values(string value, int status)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = new StringContent(Chat) };
        request.Headers.TryAddWithoutValidation("X-Model-Runner-Priority", value);
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);

        Assert.Equal(status, (int)response.StatusCode);
        string body = await response.Content.ReadAsStringAsync(Cancellation);
        if (status == 400)
            Assert.Contains($"the header X-Model-Runner-Priority is \\\"{value}\\\"; send interactive or background", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interactive_request_goes_before_a_background_request_that_waits_longer()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = """{"models":{"tiny-chat":{"concurrency":1}},"limits":{"maxRunners":1}}""" }
                .WithFaults("""{"hold_requests":true}"""));
        Task<(int Status, JsonElement Body)> first = daemon.PostAsync("v1/chat/completions", Chat);
        await DaemonFixture.WaitUntilAsync(async () => await CountsAsync(daemon) == (1, 0, 1), DaemonFixture.Patience);
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = new StringContent(Saying("background")) };
        request.Headers.Add("X-Model-Runner-Priority", "background");
        Task<HttpResponseMessage> background = daemon.Client.SendAsync(request, Cancellation);
        await DaemonFixture.WaitUntilAsync(async () => await CountsAsync(daemon) == (1, 1, 1), DaemonFixture.Patience);
        Task<(int Status, JsonElement Body)> interactive = daemon.PostAsync("v1/chat/completions", Saying("interactive"));
        await DaemonFixture.WaitUntilAsync(async () => await CountsAsync(daemon) == (1, 2, 1), DaemonFixture.Patience);

        using HttpClient stub = DaemonFixture.RunnerClient(await daemon.RunnerProcessAsync());
        using (await stub.PostAsync(new Uri("stub/faults", UriKind.Relative), new StringContent("""{"hold_requests":null}"""), Cancellation))
        using (await stub.PostAsync(new Uri("stub/release", UriKind.Relative), content: null, Cancellation))
        {
            Assert.Equal((200, 200), ((await first).Status, (await interactive).Status));
            using HttpResponseMessage last = await background;
            Assert.Equal(200, (int)last.StatusCode);
        }

        string recorded = await stub.GetStringAsync(new Uri("stub/requests", UriKind.Relative), Cancellation);
        Assert.InRange(recorded.IndexOf("interactive", StringComparison.Ordinal), 0, recorded.IndexOf("background", StringComparison.Ordinal));
    }

    private static string Saying(string word) => Chat.Replace("one", word, StringComparison.Ordinal);

    private static async Task<(int InFlight, int Queued, int Concurrency)> CountsAsync(DaemonFixture daemon)
    {
        JsonElement runner = (await daemon.RunnersAsync()).SingleOrDefault();
        return runner.ValueKind != JsonValueKind.Object || !runner.TryGetProperty("concurrency", out JsonElement limit)
            ? default
            : (runner.GetProperty("in_flight").GetInt32(), runner.GetProperty("queued").GetInt32(), limit.GetInt32());
    }
}
