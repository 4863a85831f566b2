using System.Net;
using System.Text.Json;
using ModelRunner.Daemon.Api;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary><c>/engines/_configure</c> judges a model as it would be after the change, and not as it is.</summary>
public sealed class ConfigureJudgementTests : IDisposable
{
    private const string Route = "engines/_configure";
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"hi"}],"max_tokens":1}""";

    // A model that makes text, whose own settings break it: nothing of that matters when it drafts.
    private const string Written = """
        {
          "models": {
            "tiny-chat": { "draft": { "model": "ghost" } },
            "small": { "draft": { "model": "ghost" } },
            "plain": {}
          }
        }
        """;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_context_that_does_not_fit_into_the_memory_is_accepted_and_the_next_request_is_refused_with_the_numbers()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = """{"limits":{"memory":"3GiB"}}""" });
        await ChangeAsync(daemon, """{"model":"tiny-chat","context-size":16000000}""");

        (int status, JsonElement body) = await daemon.PostAsync("v1/chat/completions", Chat);

        Assert.Equal(503, status);
        Assert.Matches(
            "needs about [0-9]+ MiB, and the limit for all models together is 3072 MiB; .*; it (fits|does not fit) with ",
            body.GetProperty("error").GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("""{"model":"tiny-chat","speculative":{"draft_model":""}}""", 200)]
    [InlineData("""{"model":"tiny-chat","speculative":{"draft_model":"small"}}""", 200)]
    [InlineData("""{"model":"tiny-chat","keep_alive":"2m"}""", 500)]
    [InlineData("""{"model":"tiny-chat","context-size":64}""", 500)]
    public async Task A_model_without_its_draft_model_is_mended_or_changed_in_another_way(string change, int status)
    {
        await using DaemonFixture daemon = await StartAsync();
        Assert.Equal(500, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);

        await ChangeAsync(daemon, change);

        Assert.Equal(status, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        JsonElement shown = Assert.Single((await daemon.GetAsync(Route)).EnumerateArray());
        JsonElement listed = Assert.Single((await daemon.GetAsync("engines/llama.cpp/_configure?model=tiny-chat")).EnumerateArray());
        Assert.Equal(("tiny-chat:latest", shown.GetRawText()), (shown.GetProperty("Model").GetString(), listed.GetRawText()));
        Assert.StartsWith("sha256:", shown.GetProperty("ModelID").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        """{"model":"plain","speculative":{"draft_model":"small"},"runtime-flags":["--spec-type","ngram-mod"]}""", "speculative",
        "its draft model \"small:latest\" cannot be used: --spec-type ngram-mod in its arguments does not use one, add draft-simple; nothing was changed")]
    [InlineData(
        """{"model":"plain","speculative":{"draft_model":"part"}}""", "speculative",
        "its draft model \"part:latest\" cannot be used: its file part.gguf ")]
    [InlineData(
        """{"model":"tiny-chat","runtime-flags":["--spec-type","ngram-mod"]}""", "runtime-flags",
        "its draft model \"ghost:latest\" cannot be used: --spec-type ngram-mod in its arguments does not use one, add draft-simple; nothing was changed")]
    [InlineData(
        """{"model":"tiny-embed","speculative":{"draft_model":"small"}}""", "speculative",
        "model \"tiny-embed:latest\" makes no text, so it can have no draft model; leave \"speculative\" out")]
    public async Task A_change_that_breaks_a_model_is_refused_and_changes_nothing(string change, string member, string sentence)
    {
        await using DaemonFixture daemon = await StartAsync();

        (int status, JsonElement answer) = await daemon.PostAsync(Route, change);

        JsonElement error = answer.GetProperty("error");
        string message = error.GetProperty("message").GetString()!;
        Assert.Equal((400, member), (status, error.GetProperty("param").GetString()));
        Assert.Contains(sentence, message, StringComparison.Ordinal);
        Assert.DoesNotContain("--reset", message, StringComparison.Ordinal);
        Assert.Equal(0, (await daemon.GetAsync(Route)).GetArrayLength());
    }

    [Fact]
    public async Task Each_step_is_judged_by_what_the_steps_before_it_left()
    {
        await using DaemonFixture daemon = await StartAsync();
        Assert.Equal(400, (await daemon.PostAsync(Route, """{"model":"plain","mode":"embedding"}""")).Status);
        await ChangeAsync(daemon, """{"model":"plain","mode":"embedding","runtime-flags":["--pooling","mean"]}""");
        await ChangeAsync(daemon, """{"model":"plain","speculative":{"draft_model":"small"}}""");
        Assert.Equal(400, (await daemon.PostAsync(Route, """{"model":"plain","runtime-flags":["--spec-type","ngram-mod"]}""")).Status);
        await ChangeAsync(daemon, """{"model":"plain","speculative":null,"runtime-flags":["--spec-type","ngram-mod"]}""");
        Assert.Equal(400, (await daemon.PostAsync(Route, """{"model":"plain","speculative":{"draft_model":"small"}}""")).Status);
        await ChangeAsync(daemon, """{"model":"plain","speculative":{"draft_model":"small"},"runtime-flags":null}""");

        // What the file says breaks the other model, so its mended state is not taken back by a member. A reset always is.
        await ChangeAsync(daemon, """{"model":"tiny-chat","speculative":{"draft_model":""}}""");
        (int status, JsonElement answer) = await daemon.PostAsync(Route, """{"model":"tiny-chat","speculative":null}""");
        Assert.Equal(400, status);
        Assert.Equal(
            "model \"tiny-chat:latest\" could not be used with this change: its draft model \"ghost:latest\" is not here; pull it; nothing was changed",
            answer.GetProperty("error").GetProperty("message").GetString());
        await daemon.CommandAsync("configure", "tiny-chat", "--reset");
        await daemon.CommandAsync("configure", "tiny-chat", "--keep-alive", "3m");
        await daemon.CommandAsync("configure", "tiny-chat", "--reset");
        Assert.Equal("plain:latest", Assert.Single((await daemon.GetAsync(Route)).EnumerateArray()).GetProperty("Model").GetString());
    }

    [Theory]
    [InlineData("part", """{"model":"part","keep_alive":"2m"}""")]
    [InlineData("seen", """{"model":"seen","context-size":64}""")]
    public async Task A_model_that_no_change_can_mend_keeps_its_reason_and_accepts_changes(string model, string change)
    {
        await using DaemonFixture daemon = await StartAsync("""{ "models": { "seen": { "path": "FOLDER/models/plain.gguf", "mmproj": "FOLDER/models/plain.gguf" } } }""");
        string before = await ReasonAsync(daemon, model);

        await ChangeAsync(daemon, change);

        Assert.Equal(before, await ReasonAsync(daemon, model));
    }

    [Fact]
    public async Task A_model_with_two_faults_accepts_a_change_that_leaves_both_in_other_words()
    {
        await using DaemonFixture daemon = await StartAsync(
            """{ "models": { "plain": { "draft": { "model": "ghost" }, "args": ["--spec-type", "ngram-mod"] } } }""");

        await ChangeAsync(daemon, """{"model":"plain","runtime-flags":["--spec-type","ngram-cache"]}""");

        (int status, JsonElement answer) = await daemon.PostAsync(Route, """{"model":"plain","speculative":{"draft_model":"part"}}""");
        Assert.Equal(400, status);
        Assert.Contains("\"part:latest\" cannot be used", answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_is_gone_is_not_one_that_is_still_being_read()
    {
        var request = ConfigureRequest.Read("""{"model":"plain","keep_alive":"2m"}"""u8.ToArray());

        ApiError gone = Assert.Throws<ApiException>(() => ChangeCheck.Check("plain:latest", null, request)).Error;
        ApiError unread = Assert.Throws<ApiException>(() => ChangeCheck.Check("plain:latest", ModelChange.Unknown, request)).Error;

        Assert.Equal((404, "model \"plain:latest\" is gone; nothing was changed"), (gone.Status, gone.Message));
        Assert.Equal(503, unread.Status);
        Assert.Contains("still being read, so the change cannot be checked; try again later", unread.Message, StringComparison.Ordinal);
    }

    private static async Task<string> ReasonAsync(DaemonFixture daemon, string model)
    {
        (int status, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", Chat.Replace("tiny-chat", model, StringComparison.Ordinal));
        Assert.Equal(500, status);
        return answer.GetProperty("error").GetProperty("message").GetString()!;
    }

    private Task<DaemonFixture> StartAsync(string configuration = Written)
    {
        byte[] small = File.ReadAllBytes(Path.Join(Repository.Root, "models", "tiny-chat.gguf"));
        _folder.Write("models/small.gguf", small);
        _folder.Write("models/plain.gguf", small);
        _folder.Write("models/part.gguf", "no GGUF, and never one"u8.ToArray());
        return DaemonFixture.StartAsync(new DaemonSetup
        {
            Folder = _folder, Configuration = configuration.Replace("FOLDER", _folder.Path, StringComparison.Ordinal),
        });
    }

    private static async Task ChangeAsync(DaemonFixture daemon, string body)
    {
        using HttpResponseMessage response = await daemon.SendAsync(Route, body, HttpCompletionOption.ResponseContentRead, Cancellation);
        Assert.Equal((HttpStatusCode.Accepted, ""), (response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation)));
    }
}
