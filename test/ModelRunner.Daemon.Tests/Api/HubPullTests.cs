using System.Net;
using System.Text.Json;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The daemon pulls models from Hugging Face and serves them.</summary>
public sealed class HubPullTests
{
    private const string FileName = "Tiny-Q8_0.gguf";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pulled_model_answers_under_all_spellings_after_a_cut()
    {
        await using HubServer hub = await StartHubAsync();
        byte[] file = hub.Files[FileName];
        hub.StorageFaults.Enqueue(async context =>
        {
            context.Response.ContentLength = file.Length;
            await context.Response.Body.WriteAsync(file.AsMemory(0, file.Length / 2));
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(Setup(hub));

        (HttpStatusCode status, string text) = await PullAsync(daemon, """{"from":"hf.co/Org/Tiny-GGUF"}""");

        Assert.True(status == HttpStatusCode.OK, text);
        JsonElement[] lines = [.. text.TrimEnd().Split('\n').Select(static line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["Fetching file list...", "Found 1 file (1.04 MB total)"], lines[..2].Select(MessageOf));
        Assert.Equal(("success", "Model pulled successfully"), (lines[^1].GetProperty("type").GetString(), MessageOf(lines[^1])));
        Assert.Contains(hub.Ranges, static range => range.StartsWith("bytes=", StringComparison.Ordinal) && range != "bytes=0-");
        Assert.Empty(hub.Leaks);

        JsonElement listed = Assert.Single(
            (await daemon.GetAsync("v1/models")).GetProperty("data").EnumerateArray(),
            static entry => entry.GetProperty("id").GetString() == "huggingface.co/org/tiny-gguf:Q8_0");
        Assert.Equal("pulled", listed.GetProperty("dmr").GetProperty("origins")[0].GetString());
        foreach (string name in (string[])["hf.co/Org/Tiny-GGUF", "HF.co/org/tiny-gguf:q8_0", "https://huggingface.co/Org/Tiny-GGUF", "huggingface.co/Org/Tiny-GGUF:Q8_0"])
        {
            (int answer, JsonElement body) = await daemon.PostAsync(
                "v1/chat/completions", $$"""{"model":"{{name}}","messages":[{"role":"user","content":"hello"}]}""");
            Assert.True(answer == 200, $"{name}: {body}");
        }

        Assert.Single(await daemon.RunnersAsync());
    }

    [Fact]
    public async Task Hugging_Face_describes_a_model_and_its_file_is_not_fetched()
    {
        await using HubServer hub = await StartHubAsync();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(Setup(hub));

        JsonElement remote = await daemon.GetAsync("models/hf.co/Org/Tiny-GGUF?remote=true");

        Assert.Equal("huggingface.co/org/tiny-gguf:Q8_0", remote.GetProperty("tags")[0].GetString());
        Assert.Equal(hub.Files[FileName].Length, remote.GetProperty("files").EnumerateArray().Single(
            static file => file.GetProperty("role").GetString() == "weights").GetProperty("size").GetInt32());
        Assert.Equal(remote.GetProperty("total_bytes").GetInt64(), remote.GetProperty("missing_bytes").GetInt64());
        Assert.DoesNotContain(hub.Ranges, static range => range == "bytes=0-");
        Assert.False(Directory.Exists(Path.Join(daemon.FolderPath, "models/store/blobs")));
    }

    [Fact]
    public async Task The_choice_of_a_repository_with_several_files_fits_the_budget_of_the_daemon()
    {
        await using HubServer hub = await StartHubAsync();

        // Its weights fit, but not with the engine, the cache and the prompts that the estimate adds.
        hub.Files["Tiny-Q4_K_M.gguf"] = [.. hub.Files[FileName], .. new byte[130 << 20]];
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(Setup(hub) with { Configuration = """{"limits":{"memory":"160MB"}}""" });

        (HttpStatusCode status, string text) = await PullAsync(daemon, """{"from":"hf.co/Org/Tiny-GGUF"}""");

        Assert.True(status == HttpStatusCode.OK, text);
        Assert.Contains("Selected Q8_0 quantization (default)", text, StringComparison.Ordinal);
        Assert.Contains("next larger: Q4_K_M (137.35 MB)", text, StringComparison.Ordinal);
        Assert.Contains("none is smaller", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_pulls_by_the_address_of_a_file_and_runs_the_model_with_it()
    {
        await using HubServer hub = await StartHubAsync();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(Setup(hub));
        const string Address = "https://huggingface.co/Org/Tiny-GGUF/blob/main/Tiny-Q8_0.gguf";

        (int code, string output, string error) = await daemon.RunClientAsync(daemon.FolderPath, "run", Address, "hello");
        Assert.True(code == 0, error);
        Assert.NotEmpty(output);
        Assert.Contains("Fetching file list...", error, StringComparison.Ordinal);
        Assert.StartsWith("Using cached model", await daemon.CommandAsync("pull", "hf.co/Org/Tiny-GGUF:Q8_0"), StringComparison.Ordinal);
        await daemon.CommandAsync("rm", "hf.co/Org/Tiny-GGUF", "--force");
        Assert.DoesNotContain(
            (await daemon.GetAsync("v1/models")).GetProperty("data").EnumerateArray(),
            static entry => entry.GetProperty("id").GetString()!.StartsWith("huggingface.co/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_address_is_never_answered_by_another_file_of_the_same_quantization()
    {
        await using HubServer hub = await StartHubAsync();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(Setup(hub));
        const string Address = "https://huggingface.co/Org/Tiny-GGUF/resolve/main/";
        await PullAsync(daemon, $$"""{"from":"{{Address}}{{FileName}}"}""");
        hub.Files["Other-Q8_0.gguf"] = [.. hub.Files[FileName], 0];

        (int status, JsonElement body) = await AskAsync(daemon, $"{Address}Other-Q8_0.gguf");
        Assert.Equal(404, status);
        Assert.Contains($"\"model-runner pull {Address}Other-Q8_0.gguf\" fetches it", MessageOf(body.GetProperty("error")), StringComparison.Ordinal);
        await PullAsync(daemon, $$"""{"from":"{{Address}}Other-Q8_0.gguf"}""");

        foreach ((string file, string name) in (IEnumerable<(string, string)>)[(FileName, "Q8_0"), ("Other-Q8_0.gguf", "Other-Q8_0")])
        {
            JsonElement model = await daemon.GetAsync($"v1/models/{Uri.EscapeDataString(Address + file)}");
            Assert.Equal($"huggingface.co/org/tiny-gguf:{name}", model.GetProperty("id").GetString());
            Assert.Equal(200, (await AskAsync(daemon, Address + file)).Status);
        }

        Assert.Equal(404, (await AskAsync(daemon, $"https://huggingface.co/Org/Tiny-GGUF/resolve/v1/{FileName}")).Status);
        await daemon.CommandAsync("rm", $"{Address}Other-Q8_0.gguf", "--force");
        Assert.Equal(404, (await AskAsync(daemon, $"{Address}Other-Q8_0.gguf")).Status);
        Assert.Equal(200, (await AskAsync(daemon, Address + FileName)).Status);
    }

    [Fact]
    public async Task A_token_of_the_client_is_used_and_an_error_has_its_own_status()
    {
        await using HubServer hub = await StartHubAsync();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(Setup(hub));

        (HttpStatusCode status, string text) = await PullAsync(daemon, """{"from":"hf.co/Org/Tiny-GGUF:Q2_K","bearer-token":"hf_client"}""");
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Contains("has no quantization Q2_K; write one of these after the colon: Q8_0 (1.0", text, StringComparison.Ordinal);
        Assert.All(hub.Tokens, static token => Assert.Equal("Bearer hf_client", token));

        (status, text) = await PullAsync(daemon, """{"from":"hf.co/Org/Missing","bearer-token":"two words"}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("bearer-token", text, StringComparison.Ordinal);
        (status, text) = await PullAsync(daemon, """{"from":"hf.co/Org/Missing"}""");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("set HF_TOKEN", text, StringComparison.Ordinal);
    }

    private static Task<(int Status, JsonElement Body)> AskAsync(DaemonFixture daemon, string model) => daemon.PostAsync(
        "v1/chat/completions", $$"""{"model":"{{model}}","max_tokens":1,"messages":[{"role":"user","content":"hello"}]}""");

    private static async Task<HubServer> StartHubAsync()
    {
        HubServer hub = await HubServer.StartAsync();
        hub.Files[FileName] = await File.ReadAllBytesAsync(Path.Join(Repository.Root, "models/tiny-chat.gguf"), Token);
        return hub;
    }

    private static DaemonSetup Setup(HubServer hub) => new()
    {
        Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["HF_ENDPOINT"] = hub.Endpoint, ["HF_TOKEN"] = null, ["HF_HUB_OFFLINE"] = null },
    };

    private static string MessageOf(JsonElement line) => line.GetProperty("message").GetString()!;

    private static async Task<(HttpStatusCode Status, string Text)> PullAsync(DaemonFixture daemon, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "models/create") { Content = new StringContent(body) };
        request.Headers.Add("Accept", "application/json");
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Token);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Token));
    }
}
