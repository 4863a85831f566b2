using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The families of waiting and refused requests, and of loads in progress.</summary>
public sealed class QueueFamiliesTests
{
    private const string Chat = "v1/chat/completions";
    private const string ChatBody = """{"model":"tiny-chat","messages":[{"role":"user","content":"hi"}],"max_tokens":1}""";
    private const string ChatModel = "model=\"tiny-chat:latest\"";
    private const string Embed = """{"model":"tiny-embed","input":"a"}""";
    private const string EmbedModel = "model=\"tiny-embed:latest\"";
    private const string Queued = AccountedPage.Queued;
    private const string Refused = AccountedPage.Refused;
    private const string Progress = "model_runner_load_progress_ratio";

    [Fact]
    public async Task Requests_that_wait_are_counted_until_a_runner_takes_them()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = """{"limits":{"maxRunners":1,"maxQueuedRequests":2,"maxQueuedPerModel":100}}""" }.WithFaults("""{"hold_requests":true}"""));
        Task<(int Status, JsonElement Body)> running = daemon.PostAsync(Chat, ChatBody);
        int process = await daemon.BusyRunnerProcessAsync();
        Task<(int Status, JsonElement Body)>[] waiting = [daemon.PostAsync("v1/embeddings", Embed), daemon.PostAsync("v1/embeddings", Embed)];
        await DaemonFixture.WaitUntilAsync(
            async () => (await AccountedPage.ReadNowAsync(daemon)).Sum(Queued, EmbedModel) == 2, DaemonFixture.Patience);

        Assert.Equal(503, (await daemon.PostAsync("v1/embeddings", Embed)).Status);
        AccountedPage page = await AccountedPage.ReadNowAsync(daemon);
        Assert.Equal((0, 2), (page.Sum(Queued, ChatModel), page.Sum(Queued, EmbedModel)));
        Assert.Equal((1, 1), (page.Sum(Refused, EmbedModel, "reason=\"queue_full\""), page.Sum(Refused)));

        using (HttpClient runner = DaemonFixture.RunnerClient(process))
            await runner.PostAsync(new Uri("stub/release", UriKind.Relative), content: null, TestContext.Current.CancellationToken);
        Assert.Equal(200, (await running).Status);
        foreach (Task<(int Status, JsonElement Body)> one in waiting)
            Assert.Equal(200, (await one).Status);
        Assert.Equal(0, (await AccountedPage.ReadAsync(daemon)).Sum(Queued));
    }

    [Fact]
    public async Task A_model_with_a_full_queue_is_refused_and_its_neighbour_gets_in()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = """{"limits":{"maxRunners":1,"maxQueuedRequests":4},"models":{"tiny-embed":{"maxQueued":1}}}""",
        }.WithFaults("""{"never_ready":true}"""));
        Task<(int Status, JsonElement Body)>[] waiting = [daemon.PostAsync(Chat, ChatBody), daemon.PostAsync(Chat, ChatBody)];
        await DaemonFixture.WaitUntilAsync(
            async () => (await AccountedPage.ReadNowAsync(daemon)).Sum(Queued, ChatModel) == 2, DaemonFixture.Patience);

        (int status, JsonElement body) = await daemon.PostAsync(Chat, ChatBody);

        Assert.Equal((503, "model_queue_full"), (status, body.GetProperty("error").GetProperty("code").GetString()));
        Assert.Contains("limits.maxQueuedPerModel", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Task<(int Status, JsonElement Body)> neighbour = daemon.PostAsync("v1/embeddings", Embed);
        await DaemonFixture.WaitUntilAsync(
            async () => (await AccountedPage.ReadNowAsync(daemon)).Sum(Queued, EmbedModel) == 1, DaemonFixture.Patience);
        (_, body) = await daemon.PostAsync("v1/embeddings", Embed);
        Assert.Contains("maxQueued of the model", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        AccountedPage page = await AccountedPage.ReadNowAsync(daemon);
        Assert.Equal((1, 2), (page.Sum(Refused, ChatModel, "reason=\"model_queue_full\""), page.Sum(Refused)));

        await daemon.PostAsync("engines/unload", """{"all":true}""");
        await Task.WhenAll([.. waiting, neighbour]);
    }

    [Fact]
    public async Task A_client_that_leaves_the_queue_is_not_counted_any_more()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults("""{"never_ready":true}"""));
        using var left = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var content = new StringContent(ChatBody, Encoding.UTF8, "application/json");
        Task<HttpResponseMessage> request = daemon.Client.PostAsync(new Uri(Chat, UriKind.Relative), content, left.Token);
        await DaemonFixture.WaitUntilAsync(
            async () => (await AccountedPage.ReadNowAsync(daemon)).Sum(Queued, ChatModel) == 1, DaemonFixture.Patience);

        await left.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await DaemonFixture.WaitUntilAsync(
            async () => (await AccountedPage.ReadNowAsync(daemon)).Sum(Queued, ChatModel) == 0, DaemonFixture.Patience);
    }

    [Fact]
    public async Task A_load_shows_its_progress_until_the_runner_is_ready()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults("""{"never_ready":true}"""));
        Task<(int Status, JsonElement Body)> request = daemon.PostAsync(Chat, ChatBody);
        await DaemonFixture.WaitUntilAsync(
            async () => (await AccountedPage.ReadNowAsync(daemon)).Sum(Progress, ChatModel) > 0, DaemonFixture.Patience);

        Assert.InRange((await AccountedPage.ReadNowAsync(daemon)).Sum(Progress, ChatModel), 0.01, 1);
        await daemon.PostAsync("v1/embeddings", Embed);
        Assert.DoesNotContain($"{Progress}{{backend=\"llama.cpp\",{EmbedModel}", (await AccountedPage.ReadNowAsync(daemon)).Text, StringComparison.Ordinal);
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        Assert.Equal(503, (await request).Status);
    }
}
