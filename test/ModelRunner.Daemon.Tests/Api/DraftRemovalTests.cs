using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The removal of a pulled model that is the draft model of a loaded one.</summary>
public sealed class DraftRemovalTests
{
    private const string Configuration = """{ "models": { "tiny-chat": { "draft": { "model": "me/small:v1" } } } }""";
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"hi"}],"max_tokens":1}""";
    private const string Use = "the model \"me/small:v1\" is the draft model of tiny-chat:latest, which is loaded";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_refused_with_the_name_of_the_other_model_and_force_unloads_that_first()
    {
        await using DaemonFixture daemon = await StartAsync(new DaemonSetup { Configuration = Configuration });
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        int process = await daemon.RunnerProcessAsync();

        (int code, _, string error) = await daemon.RunClientAsync(daemon.FolderPath, "rm", "me/small:v1");
        Assert.Equal((1, $"model-runner: {Use} (running requests: 0); unload tiny-chat:latest first, or add --force\n"), (code, error));
        Assert.Equal(409, await DeleteAsync(daemon, "models/me/small:v1"));
        Assert.Equal(409, await DeleteAsync(daemon, "models/purge"));
        (_, _, error) = await daemon.RunClientAsync(daemon.FolderPath, "rm", await IdAsync(daemon));
        Assert.Contains(Use, error, StringComparison.Ordinal);

        // Another name of it may go, as long as the draft model is found by the one in the settings.
        await daemon.CommandAsync("tag", "me/small:v1", "me/small:v2");
        await daemon.CommandAsync("rm", "me/small:v2");
        await daemon.CommandAsync("tag", "me/small:v1", "me/small:v3");
        (_, _, error) = await daemon.RunClientAsync(daemon.FolderPath, "rm", "me/small:v1");
        Assert.Contains(Use, error, StringComparison.Ordinal);
        Assert.Equal(process, await daemon.RunnerProcessAsync());

        await daemon.CommandAsync("rm", "--force", "me/small:v1");
        Assert.False(ProcessTable.IsAlive(process));
        (int status, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", Chat);
        Assert.Equal(500, status);
        Assert.Contains("its draft model \"me/small:v1\" is not here", answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_shown_as_loaded_as_long_as_it_cannot_be_removed()
    {
        await using DaemonFixture daemon = await StartAsync(new DaemonSetup { Configuration = Configuration });
        await daemon.CommandAsync("tag", "me/small:v1", "me/small:v0");
        await ExpectAsync(isLoaded: false, "no", "never");

        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        await ExpectAsync(isLoaded: true, "yes (draft model of tiny-chat:latest)", "now (draft model of tiny-chat:latest)");
        Assert.Contains("Loaded        yes (completion)\n", await daemon.CommandAsync("inspect", "tiny-chat"), StringComparison.Ordinal);

        await daemon.CommandAsync("unload", "tiny-chat");
        await ExpectAsync(isLoaded: false, "no", "never");

        async Task ExpectAsync(bool isLoaded, string loaded, string lastUsed)
        {
            string[] drafting = isLoaded ? ["tiny-chat:latest"] : [];
            JsonElement space = (await daemon.GetAsync("engines/df")).GetProperty("models").EnumerateArray()
                .Single(static model => model.GetProperty("name").GetString()!.StartsWith("me/small:", StringComparison.Ordinal));
            foreach (JsonElement model in (JsonElement[])[space, await daemon.GetAsync("models/me/small:v1"), await daemon.GetAsync("models/me/small:v0")])
            {
                Assert.Equal(isLoaded, model.GetProperty("loaded").GetBoolean());
                Assert.Equal(drafting, model.GetProperty("draft_of").EnumerateArray().Select(static name => name.GetString()));
            }

            Assert.Contains($"Loaded        {loaded}\n", await daemon.CommandAsync("inspect", "me/small:v1"), StringComparison.Ordinal);
            Assert.Matches($"(?m)^me/small:v[01] .* {System.Text.RegularExpressions.Regex.Escape(lastUsed)} +pulled$", await daemon.CommandAsync("df"));
        }
    }

    [Fact]
    public async Task A_purge_with_force_unloads_the_other_model()
    {
        await using DaemonFixture daemon = await StartAsync(new DaemonSetup { Configuration = Configuration });
        await daemon.PostAsync("v1/chat/completions", Chat);
        int process = await daemon.RunnerProcessAsync();

        Assert.Equal(200, await DeleteAsync(daemon, "models/purge?force=true"));

        Assert.False(ProcessTable.IsAlive(process));
        Assert.DoesNotContain("me/small", (await daemon.GetAsync("models")).GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_can_be_removed_when_the_other_model_is_not_loaded()
    {
        await using DaemonFixture daemon = await StartAsync(new DaemonSetup { Configuration = Configuration });

        await daemon.CommandAsync("rm", "me/small:v1");

        Assert.DoesNotContain("me/small", (await daemon.GetAsync("models")).GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_runner_that_still_uses_it_protects_it_although_the_settings_name_none_any_more()
    {
        await using DaemonFixture daemon = await StartAsync(new DaemonSetup { Configuration = Configuration }.WithFaults("""{"token_delay_ms": 100}"""));
        using HttpResponseMessage stream = await daemon.StreamAsync(
            "v1/chat/completions", """{"model":"tiny-chat","messages":[],"max_tokens":100000,"stream":true}""");
        await daemon.BusyRunnerProcessAsync();
        await daemon.CommandAsync("configure", "tiny-chat", "--speculative-draft-model", "");

        JsonElement kept = Assert.Single((await daemon.PostAsync("models/prune?keepUnder=1kB", "{}")).Body.GetProperty("kept").EnumerateArray());

        Assert.Equal("tiny-chat:latest is loaded with it as its draft model", kept.GetProperty("reason").GetString());
        (_, _, string error) = await daemon.RunClientAsync(daemon.FolderPath, "rm", "me/small:v1");
        Assert.Contains($"{Use} (running requests: 1)", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_damaged_file_stays_as_long_as_the_other_model_is_loaded()
    {
        // A runner that is idle would be stopped because of the changed file.
        await using DaemonFixture daemon = await StartAsync(new DaemonSetup { Configuration = Configuration }.WithFaults("""{"token_delay_ms": 100}"""));
        using HttpResponseMessage stream = await daemon.StreamAsync(
            "v1/chat/completions", """{"model":"tiny-chat","messages":[],"max_tokens":100000,"stream":true}""");
        await daemon.BusyRunnerProcessAsync();
        string weights = Directory.EnumerateFiles(Path.Join(daemon.FolderPath, "models/store/blobs/sha256")).MaxBy(static path => new FileInfo(path).Length)!;
        byte[] bytes = await File.ReadAllBytesAsync(weights, Token);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(weights, bytes, Token);

        (int code, string output, _) = await daemon.RunClientAsync(daemon.FolderPath, "verify");

        Assert.Equal(1, code);
        Assert.Contains("the model is loaded, itself or as a draft model, so the file stays", output, StringComparison.Ordinal);
        Assert.True(File.Exists(weights));
    }

    [Fact]
    public async Task A_loaded_runner_outlives_the_file_of_its_draft_model_and_serves_again_when_the_file_is_back()
    {
        using var place = new TemporaryFolder();
        string file = place.PathOf("models/small.gguf");
        Directory.CreateDirectory(place.PathOf("models"));
        File.Copy(Path.Join(Repository.Root, "models/tiny-chat.gguf"), file);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Folder = place, Configuration = Configuration.Replace("me/small:v1", "small", StringComparison.Ordinal) });
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        int process = await daemon.RunnerProcessAsync();

        File.Move(file, place.PathOf("away"));
        await DaemonFixture.WaitUntilAsync(
            async () => (await daemon.PostAsync("v1/chat/completions", Chat)).Status == 500, DaemonFixture.Patience);
        JsonElement runner = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal((process, "ready"), (runner.GetProperty("pid").GetInt32(), runner.GetProperty("state").GetString()));

        File.Move(place.PathOf("away"), file);
        await DaemonFixture.WaitUntilAsync(
            async () => (await daemon.PostAsync("v1/chat/completions", Chat)).Status == 200, DaemonFixture.Patience);
        Assert.Equal(process, await daemon.RunnerProcessAsync());
    }

    private static async Task<DaemonFixture> StartAsync(DaemonSetup setup)
    {
        DaemonFixture daemon = await DaemonFixture.StartAsync(setup);
        await daemon.CommandAsync("package", "--gguf", Path.Join(Repository.Root, "models/tiny-chat.gguf"), "me/small:v1");
        return daemon;
    }

    private static async Task<string> IdAsync(DaemonFixture daemon) => (await daemon.GetAsync("models")).EnumerateArray()
        .First(static model => model.GetProperty("tags")[0].GetString() == "me/small:v1").GetProperty("id").GetString()!;

    private static async Task<int> DeleteAsync(DaemonFixture daemon, string path)
    {
        using HttpResponseMessage response = await daemon.Client.DeleteAsync(new Uri(path, UriKind.Relative), Token);
        return (int)response.StatusCode;
    }
}
