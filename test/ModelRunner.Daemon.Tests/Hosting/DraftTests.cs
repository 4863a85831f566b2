using System.Net;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Engines;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>Draft models, from the client to the real llama-server.</summary>
public sealed class DraftTests : IDisposable
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"hello there"}],"max_tokens":24,"temperature":0}""";
    private const string Route = "engines/_configure";

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_chat_is_drafted_and_the_answer_and_the_page_count_the_tokens()
    {
        await using DaemonFixture daemon = await StartAsync("""{ "models": { "tiny-chat": { "draft": { "model": "small", "maxTokens": 4 } } } }""");

        (int status, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", Chat);

        Assert.Equal(200, status);
        JsonElement timings = answer.GetProperty("timings");
        Assert.InRange(timings.GetProperty("draft_n_accepted").GetInt32(), 1, timings.GetProperty("draft_n").GetInt32());
        string arguments = string.Join(' ', ProcessTable.ArgumentsOf(await daemon.RunnerProcessAsync()));
        Assert.Contains($"--spec-draft-model {_folder.PathOf("models/small.gguf")} ", arguments, StringComparison.Ordinal);
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
        Assert.Contains(
            $"model_runner_tokens_total{{backend=\"llama.cpp\",model=\"tiny-chat:latest\",mode=\"completion\",type=\"draft\"}} {timings.GetProperty("draft_n")}\n",
            page, StringComparison.Ordinal);
        Assert.Contains("MiB of that are for its draft model small:latest, and other runners use", await DecisionsAsync(daemon), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_gives_and_takes_it_and_a_runner_of_before_is_outdated()
    {
        await using DaemonFixture daemon = await StartAsync(null);
        JsonElement before = (await daemon.PostAsync("v1/chat/completions", Chat)).Body;
        Assert.False(before.GetProperty("timings").TryGetProperty("draft_n", out _));
        int process = await daemon.RunnerProcessAsync();

        await ChangeAsync(daemon, """{"model":"tiny-chat","speculative":{"draft_model":"Small","num_tokens":4,"min_acceptance_rate":0.25}}""");

        await ProcessTable.WaitUntilGoneAsync(process, DaemonFixture.Patience);
        JsonElement answer = (await daemon.PostAsync("v1/chat/completions", Chat)).Body;
        Assert.True(answer.GetProperty("timings").GetProperty("draft_n").GetInt32() > 0);
        process = await daemon.RunnerProcessAsync();
        Assert.EndsWith(
            "--spec-type draft-simple --spec-draft-n-max 4 --spec-draft-p-min 0.25", string.Join(' ', ProcessTable.ArgumentsOf(process)), StringComparison.Ordinal);
        Assert.Equal(
            """{"speculative":{"draft_model":"small:latest","num_tokens":4,"min_acceptance_rate":0.25}}""",
            Assert.Single((await daemon.GetAsync(Route)).EnumerateArray()).GetProperty("Config").GetRawText());

        // A greedy chat has the same words with and without it.
        Assert.Equal(TextOf(before), TextOf(answer));
        await ChangeAsync(daemon, """{"model":"tiny-chat","speculative":null}""");
        await ProcessTable.WaitUntilGoneAsync(process, DaemonFixture.Patience);
        Assert.Equal(0, (await daemon.GetAsync(Route)).GetArrayLength());
    }

    [Theory]
    [InlineData("""{"draft_model":"ghost"}""", 404, "there is no model \"ghost:latest\"")]
    [InlineData("""{"draft_model":"tiny-embed"}""", 400, "model \"tiny-embed:latest\" makes no text, so it can be no draft model; name another one")]
    [InlineData("""{"draft_model":"tiny-chat"}""", 400, "model \"tiny-chat:latest\" cannot be its own draft model; name a smaller one")]
    public async Task One_that_cannot_be_used_is_refused_at_once(string section, int status, string sentence)
    {
        await using DaemonFixture daemon = await StartAsync(null);

        (int found, JsonElement answer) = await daemon.PostAsync(Route, $$"""{"model":"tiny-chat","speculative":{{section}}}""");

        JsonElement error = answer.GetProperty("error");
        Assert.Equal((status, "speculative"), (found, error.GetProperty("param").GetString()));
        Assert.Contains(sentence, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, (await daemon.GetAsync(Route)).GetArrayLength());
    }

    [Fact]
    public async Task A_model_that_is_too_large_with_it_says_so_and_is_reset_when_the_file_is_gone()
    {
        await using DaemonFixture daemon = await StartAsync("""{ "limits": { "memory": "80MiB" } }""");
        await ChangeAsync(daemon, """{"model":"tiny-chat","speculative":{"draft_model":"small"}}""");

        (int status, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", Chat);

        Assert.Equal(503, status);
        string message = answer.GetProperty("error").GetProperty("message").GetString()!;
        Assert.Matches("about [0-9]+ MiB of that are for its draft model small:latest; it fits with ", message);
        File.Delete(_folder.PathOf("models/small.gguf"));
        await DaemonFixture.WaitUntilAsync(
            async () => (await daemon.GetAsync("v1/models")).TryGetProperty("problems", out _), DaemonFixture.Patience);
        message = (await daemon.PostAsync("v1/chat/completions", Chat)).Body.GetProperty("error").GetProperty("message").GetString()!;
        Assert.Contains("its draft model \"small:latest\" is not here; pull it", message, StringComparison.Ordinal);
        using HttpResponseMessage reset = await daemon.Client.DeleteAsync(new Uri(Route + "?model=tiny-chat", UriKind.Relative), Cancellation);
        Assert.Equal("""{"reset_models":1}""", await reset.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
    }

    [Fact]
    public async Task A_pulled_draft_model_is_never_pruned_although_no_request_names_it()
    {
        await using DaemonFixture daemon = await StartAsync("""{ "models": { "tiny-chat": { "draft": { "model": "me/small:v1" } } } }""");
        await daemon.CommandAsync("package", "--gguf", Path.Join(Repository.Root, "models/tiny-chat.gguf"), "me/small:v1");

        (int status, JsonElement answer) = await daemon.PostAsync("models/prune?keepUnder=1kB", "{}");

        Assert.Equal(200, status);
        JsonElement kept = Assert.Single(answer.GetProperty("kept").EnumerateArray());
        Assert.Equal(
            ("me/small:v1", "it is the draft model of tiny-chat:latest"), (kept.GetProperty("name").GetString(), kept.GetProperty("reason").GetString()));
        Assert.True((await daemon.PostAsync("v1/chat/completions", Chat)).Body.GetProperty("timings").TryGetProperty("draft_n", out _));
    }

    [Fact]
    public async Task A_model_that_reads_pictures_may_have_one()
    {
        _folder.Write("models/vision/tiny-q8_0.gguf", File.ReadAllBytes(Path.Join(Repository.Root, "models", "tiny-chat.gguf")));
        _folder.Write("models/vision/mmproj-f16.gguf", TinyProjector.Build(width: 128));
        await using DaemonFixture daemon = await StartAsync("""{ "models": { "vision/tiny-q8_0": { "draft": { "model": "small" } } } }""");

        (int status, JsonElement answer) = await daemon.PostAsync(
            "v1/chat/completions", Chat.Replace("tiny-chat", "vision/tiny-q8_0", StringComparison.Ordinal));

        Assert.Equal(200, status);
        Assert.True(answer.GetProperty("timings").GetProperty("draft_n").GetInt32() > 0);
    }

    [Fact]
    public async Task One_with_another_vocabulary_is_not_used_and_the_log_and_the_list_say_so()
    {
        _folder.Write("models/other.gguf", ShapeModels.Build("llama"));
        await using DaemonFixture daemon = await StartAsync("""{ "models": { "tiny-chat": { "draft": { "model": "other" } } } }""");

        (int status, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", Chat);

        Assert.Equal(200, status);
        Assert.False(answer.GetProperty("timings").TryGetProperty("draft_n", out _));
        const string Problem = "the draft model is not used: its vocabulary is not that of the model; name one of the same family";
        Assert.Equal([Problem], Assert.Single(await daemon.RunnersAsync()).GetProperty("shortfalls").EnumerateArray().Select(static item => item.GetString()));
        await daemon.WaitForLogAsync(Problem);
    }

    private Task<DaemonFixture> StartAsync(string? configuration)
    {
        _folder.Write("models/small.gguf", File.ReadAllBytes(Path.Join(Repository.Root, "models", "tiny-chat.gguf")));
        return DaemonFixture.StartAsync(new DaemonSetup
        {
            Folder = _folder, Configuration = configuration,
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LLAMA_SERVER_PATH"] = RealLlamaServer.Require() },
        });
    }

    private static async Task ChangeAsync(DaemonFixture daemon, string body)
    {
        using HttpResponseMessage response = await daemon.SendAsync(Route, body, HttpCompletionOption.ResponseContentRead, Cancellation);
        Assert.Equal((HttpStatusCode.Accepted, ""), (response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation)));
    }

    private static async Task<string> DecisionsAsync(DaemonFixture daemon) => (await daemon.GetAsync("engines/decisions?model=tiny-chat")).GetRawText();

    private static string? TextOf(JsonElement answer) =>
        answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
}
