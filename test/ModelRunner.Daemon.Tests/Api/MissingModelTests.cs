using System.Text.Json;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>What a client learns about a model that is not there.</summary>
public sealed class MissingModelTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("v1/chat/completions")]
    [InlineData("engines/llama.cpp/v1/embeddings")]
    [InlineData("v1/responses")]
    [InlineData("v1/messages")]
    [InlineData("anthropic/v1/messages/count_tokens")]
    [InlineData("tokenize")]
    public async Task The_error_of_every_family_names_the_command_that_fetches_it(string path)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();

        (int status, JsonElement body) = await daemon.PostAsync(path, """{"model":"MyOrg/Otter:Q4","messages":[]}""");

        JsonElement error = body.GetProperty("error");
        Assert.Equal(404, status);
        Assert.EndsWith("\"model-runner pull MyOrg/Otter:Q4\" fetches it, if docker.io has it", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("MyOrg/Otter:Q4", error.GetProperty("pull").GetString());
    }

    [Fact]
    public async Task A_name_that_cannot_be_pulled_gets_no_command()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();

        (int status, JsonElement body) = await daemon.PostAsync("v1/chat/completions", """{"model":"my model!","messages":[]}""");

        Assert.Equal(404, status);
        Assert.DoesNotContain("pull", body.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pull_that_waits_says_how_many_came_first()
    {
        var silence = new TaskCompletionSource();
        await using LoopbackServer registry = await LoopbackServer.StartAsync(_ => silence.Task);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        using var leaving = new CancellationTokenSource();
        Task[] first = [PullAsync("a/a"), PullAsync("a/b")];
        await daemon.WaitForPageAsync("model_runner_pulls_in_progress 2\n");

        using HttpResponseMessage response = await PullAsync("a/c");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        string? line = await reader.ReadLineAsync(Token);

        Assert.Equal(
            "Waiting: 2 other pulls came first, and at most 2 run at once",
            JsonDocument.Parse(line!).RootElement.GetProperty("message").GetString());
        await leaving.CancelAsync();
        silence.SetResult();
        await Task.WhenAll(first).ContinueWith(static _ => { }, TaskScheduler.Default);

        Task<HttpResponseMessage> PullAsync(string name)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, "models/create")
            {
                Content = new StringContent($$"""{"from":"127.0.0.1:{{registry.Address.Port}}/{{name}}"}"""),
            };
            request.Headers.TryAddWithoutValidation("Accept", "application/json");
            return daemon.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leaving.Token);
        }
    }
}
