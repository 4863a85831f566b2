using System.Net;
using System.Text.Json;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary><c>POST /models/prune</c> and the models of <c>GET /engines/df</c>, of a real daemon with a real registry.</summary>
public sealed class PruneTests
{
    private const int Size = 300_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_space_of_each_model_is_shown_and_what_is_not_used_is_removed()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        byte[] chat = await File.ReadAllBytesAsync(Path.Join(Repository.Root, "models/tiny-chat.gguf"), Token);
        string loaded = await PullAsync(daemon, registry, RegistryModel.Make(chat, "ai/loaded"));
        string idle = await PullAsync(daemon, registry, RegistryModel.Make([.. chat, 0], "ai/idle"));
        (int status, _) = await daemon.PostAsync("v1/chat/completions", $$"""{"model":"{{loaded}}","messages":[{"role":"user","content":"hello"}]}""");
        Assert.Equal(200, status);
        string partial = Path.Join(StoreOf(daemon), "blobs/sha256", new string('a', 64) + ".incomplete");
        await File.WriteAllBytesAsync(partial, new byte[Size], Token);

        JsonElement usage = await daemon.GetAsync("engines/df");
        Dictionary<string, JsonElement> models = usage.GetProperty("models").EnumerateArray().ToDictionary(
            static model => model.GetProperty("name").GetString()!, static model => model, StringComparer.Ordinal);
        Assert.InRange(models[idle].GetProperty("bytes").GetInt64(), chat.Length, chat.Length + 8192);
        Assert.Equal((true, false), (models[loaded].GetProperty("loaded").GetBoolean(), models[idle].GetProperty("loaded").GetBoolean()));
        Assert.Equal((JsonValueKind.String, JsonValueKind.Null), (models[loaded].GetProperty("last_used").ValueKind, models[idle].GetProperty("last_used").ValueKind));
        Assert.Equal("pulled", models[idle].GetProperty("origins")[0].GetString());
        Assert.Equal(1, usage.GetProperty("partial_files").GetProperty("count").GetInt32());
        Assert.InRange(usage.GetProperty("partial_files").GetProperty("bytes").GetInt64(), Size, Size + 8192);
        Assert.Equal(0, usage.GetProperty("unreferenced_files").GetProperty("count").GetInt32());

        JsonElement dry = await PruneAsync(daemon, "?keepUnder=1kB&dryRun=true");
        Assert.Equal($"partial {Path.GetFileName(partial)},model {idle}", Show(dry, "removed"));
        Assert.Equal($"model {loaded}", Show(dry, "kept"));
        Assert.Equal("it is loaded", dry.GetProperty("kept")[0].GetProperty("reason").GetString());
        Assert.True(File.Exists(partial));

        Assert.Equal($"partial {Path.GetFileName(partial)}", Show(await PruneAsync(daemon, "?unusedFor=1d"), "removed"));
        Assert.False(File.Exists(partial));
        JsonElement done = await PruneAsync(daemon, "?keepUnder=1kB");
        Assert.Equal(($"model {idle}", $"model {loaded}"), (Show(done, "removed"), Show(done, "kept")));
        Assert.True(done.GetProperty("over_limit_bytes").GetInt64() > chat.Length - 1024);
        string[] left = [.. (await daemon.GetAsync("models")).EnumerateArray().Select(static model => model.GetProperty("tags")[0].GetString()!)];
        Assert.Contains(loaded, left);
        Assert.DoesNotContain(idle, left);

        (int code, string output, _) = await daemon.RunClientAsync(daemon.FolderPath, "prune");
        Assert.Equal((0, "There is nothing to remove.\n"), (code, output));

        (code, _, string error) = await daemon.RunClientAsync(daemon.FolderPath, "rm", loaded);
        Assert.Equal(1, code);
        Assert.Contains($"the model \"{loaded}\" is loaded (running requests: 0); unload it first", error, StringComparison.Ordinal);
        Assert.NotEmpty(await daemon.RunnersAsync());
        (code, output, _) = await daemon.RunClientAsync(daemon.FolderPath, "rm", "--force", loaded);
        Assert.True(code == 0, output);
        Assert.Empty(await daemon.RunnersAsync());
        Assert.Empty(Directory.EnumerateFiles(Path.Join(StoreOf(daemon), "blobs/sha256")));
    }

    /// <summary>Nobody knows what was used before the start, so nothing counts as unused for longer.</summary>
    [Fact]
    public async Task Without_a_state_folder_times_count_from_the_start_of_the_daemon()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = """{ "statePath": "none" }""" });
        await daemon.CommandAsync("package", "--gguf", Path.Join(Repository.Root, "models/tiny-embed.gguf"), "me/old:v1");
        foreach (string manifest in Directory.EnumerateFiles(Path.Join(StoreOf(daemon), "manifests/sha256")))
            File.SetLastWriteTimeUtc(manifest, DateTime.UtcNow.AddDays(-30));

        Assert.Equal("", Show(await PruneAsync(daemon, "?unusedFor=1d"), "removed"));
        Assert.Equal("model me/old:v1", Show(await PruneAsync(daemon, "?unusedFor=0"), "removed"));
    }

    /// <summary>A license may be larger than the weights.</summary>
    [Fact]
    public async Task All_files_of_a_model_count_and_df_prune_inspect_and_the_metrics_agree()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string weights = Path.Join(Repository.Root, "models/tiny-embed.gguf"), license = Path.Join(daemon.FolderPath, "LICENSE");
        await File.WriteAllBytesAsync(license, [.. Enumerable.Repeat((byte)'x', 3 * Size)], Token);
        await daemon.CommandAsync("package", "--gguf", weights, "--license", license, "me/mine:v1");

        JsonElement usage = await daemon.GetAsync("engines/df");
        long shown = Assert.Single(usage.GetProperty("models").EnumerateArray(), static model => model.GetProperty("name").GetString() == "me/mine:v1")
            .GetProperty("bytes").GetInt64();
        JsonElement pruned = await PruneAsync(daemon, "?keepUnder=0&dryRun=true");
        long files = (await daemon.GetAsync("models/me/mine:v1")).GetProperty("files").EnumerateArray().Sum(static file => file.GetProperty("size").GetInt64());
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Token);

        Assert.InRange(shown, new FileInfo(weights).Length + (3 * Size), new FileInfo(weights).Length + (3 * Size) + 16_384);
        Assert.Equal(shown, pruned.GetProperty("freed_bytes").GetInt64());
        Assert.InRange(shown - files, 0, 3 * 4096);
        Assert.Contains(FormattableString.Invariant($"model_runner_store_bytes{{source=\"pulled\"}} {files}\n"), page, StringComparison.Ordinal);
    }

    /// <summary>Leftovers are removed first, and then the ledger cannot say which models were used.</summary>
    [Fact]
    public async Task What_was_removed_before_an_error_is_told_and_logged()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.CommandAsync("package", "--gguf", Path.Join(Repository.Root, "models/tiny-embed.gguf"), "me/kept:v1");
        string partial = Path.Join(StoreOf(daemon), "blobs/sha256", new string('a', 64) + ".incomplete");
        await File.WriteAllBytesAsync(partial, new byte[Size], Token);
        string ledger = Directory.EnumerateFiles(daemon.FolderPath, "ledger.db", SearchOption.AllDirectories).Single();
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(ledger)!, "ledger.db*"))
            File.Delete(file);
        Directory.CreateDirectory(ledger);

        (int status, JsonElement body) = await daemon.PostAsync("models/prune?unusedFor=1d", "{}");

        Assert.Equal((503, false), (status, File.Exists(partial)));
        Assert.Matches(
            "^it is not known which models were used: the ledger cannot be read: .*; 1 file that no model needs \\([0-9.]+ kB\\) was removed before this error$",
            body.GetProperty("error").GetProperty("message").GetString());
        await daemon.WaitForLogAsync("prune removed 1 files of the model store that no model needs");
    }

    /// <summary>The list of models is written only when a model is removed.</summary>
    [Fact]
    public async Task What_was_removed_before_an_error_of_the_store_is_told()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.CommandAsync("package", "--gguf", Path.Join(Repository.Root, "models/tiny-embed.gguf"), "me/kept:v1");
        string partial = Path.Join(StoreOf(daemon), "blobs/sha256", new string('a', 64) + ".incomplete");
        await File.WriteAllBytesAsync(partial, new byte[Size], Token);
        Directory.CreateDirectory(Path.Join(StoreOf(daemon), "models.json.new"));

        (int status, JsonElement body) = await daemon.PostAsync("models/prune?keepUnder=0", "{}");

        Assert.Equal((500, false), (status, File.Exists(partial)));
        Assert.Matches(
            "^the model store cannot be written: .*; 1 file that no model needs \\([0-9.]+ kB\\) was removed before this error$",
            body.GetProperty("error").GetProperty("message").GetString());
    }

    /// <summary>A pull that runs keeps its partial file and what it has completed.</summary>
    [Fact]
    public async Task A_running_pull_loses_nothing()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.Make([.. "GGUF"u8, .. new byte[40_000_000]], "ai/large");
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        Task<string> pulling = PullAsync(daemon, registry, model);
        do
            await PruneAsync(daemon, "?keepUnder=1kB");
        while (!pulling.IsCompleted);

        await pulling;
        await PullAsync(daemon, registry, model);
        Assert.Equal(model.Layer, await File.ReadAllBytesAsync(Path.Join(StoreOf(daemon), "blobs", "sha256", model.LayerDigest["sha256:".Length..]), Token));
    }

    [Theory]
    [InlineData("?keepUnder=much", "\"much\" is no size")]
    [InlineData("?keepUnder=200", "keepUnder is \"200\", which has no unit; write 200MB or 200GB, or 200B for bytes")]
    [InlineData("?unusedFor=3", "unusedFor is \"3\", which has no unit; write 3s, 3m, 3h or 3d")]
    [InlineData("?unusedFor=-1h", "\"-1h\" is no duration")]
    [InlineData("?dryRun=perhaps", "dryRun is neither true nor false")]
    [InlineData("?keep_under=1GB", "the request has the query parameter \"keep_under\", which is not known; did you mean \"keepUnder\"?")]
    [InlineData("", "the request has a body; send none, and write what is removed into the query", """{"dryRun":true}""")]
    [InlineData("", "the request has a body", "dryRun=true")]
    public async Task A_wrong_request_removes_nothing(string query, string message, string sent = "{}")
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();

        (int status, JsonElement body) = await daemon.PostAsync($"models/prune{query}", sent);

        Assert.Equal((int)HttpStatusCode.BadRequest, status);
        Assert.Contains(message, body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private static string StoreOf(DaemonFixture daemon) =>
        Path.GetDirectoryName(Directory.EnumerateFiles(daemon.FolderPath, "layout.json", SearchOption.AllDirectories).Single())!;

    private static async Task<JsonElement> PruneAsync(DaemonFixture daemon, string query)
    {
        (int status, JsonElement body) = await daemon.PostAsync($"models/prune{query}", "{}");
        Assert.True(status == 200, body.ToString());
        return body;
    }

    private static async Task<string> PullAsync(DaemonFixture daemon, RegistryProcess registry, RegistryModel model)
    {
        await model.PushAsync(registry, Token);
        string name = $"{registry.Host}/{model.Repository}:{model.Tag}";
        await daemon.CommandAsync("pull", name);
        return name;
    }

    private static string Show(JsonElement pruned, string list) => string.Join(',', pruned.GetProperty(list).EnumerateArray()
        .Select(static item => $"{item.GetProperty("kind").GetString()} {item.GetProperty("name").GetString()}"));
}
