using System.Globalization;
using System.Net;
using System.Text.Json;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The daemon pulls models from a real registry and serves them.</summary>
public sealed class PullTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pulled_model_is_listed_and_answers()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.MakeTinyChat("q8");
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string name = $"{registry.Host}/{model.Repository}:{model.Tag}";

        string[] lines = await daemon.PullAsync(name);

        JsonElement first = JsonDocument.Parse(lines[0]).RootElement;
        Assert.Equal("progress", first.GetProperty("type").GetString());
        Assert.Equal("pull", first.GetProperty("mode").GetString());
        Assert.Equal(model.Layer.Length + model.Config.Length, first.GetProperty("total").GetInt32());
        Assert.Contains(
            lines[..^1].Select(static line => JsonDocument.Parse(line).RootElement.GetProperty("layer")),
            layer => layer.GetProperty("id").GetString() == model.LayerDigest && layer.GetProperty("current").GetInt32() == model.Layer.Length);
        Assert.Equal("success", JsonDocument.Parse(lines[^1]).RootElement.GetProperty("type").GetString());

        JsonElement listed = (await daemon.GetAsync("v1/models")).GetProperty("data").EnumerateArray().Single(entry => entry.GetProperty("id").GetString() == name);
        Assert.Equal("pulled", listed.GetProperty("dmr").GetProperty("origins")[0].GetString());
        (int status, JsonElement _) = await daemon.PostAsync(
            "v1/chat/completions", $$"""{"model":"{{name}}","messages":[{"role":"user","content":"hello"}]}""");
        Assert.Equal(200, status);

        string escaped = Assert.Single(await daemon.PullAsync(name, "text/plain"));
        Assert.StartsWith("{&quot;type&quot;:&quot;success&quot;,&quot;message&quot;:&quot;Using cached model", escaped, StringComparison.Ordinal);
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Token);
        Assert.Contains($"model_runner_pull_bytes_total {model.Layer.Length + model.Config.Length}\n", page, StringComparison.Ordinal);
        Assert.Contains("model_runner_pulls_total{result=\"success\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("model_runner_pulls_total{result=\"unchanged\"} 1\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_shows_the_result_and_fails_for_a_model_that_does_not_exist()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.Make([.. "GGUF"u8, .. new byte[200_000]]);
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();

        (int code, string output, string _) = await daemon.RunClientAsync(daemon.FolderPath, "pull", $"{registry.Host}/{model.Repository}");
        Assert.Equal((0, "Model pulled successfully\n"), (code, output));

        (code, output, string error) = await daemon.RunClientAsync(daemon.FolderPath, "pull", $"{registry.Host}/ai/missing");
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("ai/missing:latest was not found", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_is_removed_with_its_last_name_and_not_while_it_is_loaded()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.MakeTinyChat();
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string name = $"{registry.Host}/{model.Repository}";
        await daemon.PullAsync(name);
        (int status, JsonElement _) = await daemon.PostAsync("v1/chat/completions", $$"""{"model":"{{name}}","messages":[{"role":"user","content":"hello"}]}""");
        Assert.Equal(200, status);

        (int code, string output, string error) = await daemon.RunClientAsync(daemon.FolderPath, "rm", name);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("is loaded", error, StringComparison.Ordinal);
        (code, output, _) = await daemon.RunClientAsync(daemon.FolderPath, "rm", name, "--force", "--json");
        Assert.Equal(0, code);
        Assert.Equal(
            [$"{{\"Untagged\":\"{name}:latest\"}}", $"{{\"Deleted\":\"{model.ManifestDigest}\"}}"],
            JsonDocument.Parse(output).RootElement.EnumerateArray().Select(static line => line.GetRawText()));
        Assert.Empty(await daemon.RunnersAsync());
        (code, _, error) = await daemon.RunClientAsync(daemon.FolderPath, "rm", name);
        Assert.Equal(1, code);
        Assert.Contains("no model", error, StringComparison.Ordinal);
    }

    /// <summary><c>DELETE /models/purge</c> removes all models, and dots lead to other routes.</summary>
    [Fact]
    public async Task A_name_that_is_a_route_removes_no_other_model()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.MakeTinyChat();
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string name = $"{registry.Host}/{model.Repository}";
        await daemon.PullAsync(name);

        (int code, _, string error) = await daemon.RunClientAsync(daemon.FolderPath, "rm", "purge", "--force");
        Assert.Equal(1, code);
        Assert.Contains("there is no model \"purge:latest\"", error, StringComparison.Ordinal);
        foreach (string other in (string[])["PURGE", "/purge", "purge/", "//purge", "Purge:"])
            Assert.NotEqual(0, (await daemon.RunClientAsync(daemon.FolderPath, "rm", other, "--force")).ExitCode);
        (code, _, error) = await daemon.RunClientAsync(daemon.FolderPath, "rm", $"../models/{name}");
        Assert.Equal(2, code);
        Assert.Contains("which no model has", error, StringComparison.Ordinal);
        Assert.Contains((await daemon.GetAsync("v1/models")).GetProperty("data").EnumerateArray(), entry => entry.GetProperty("id").GetString()!.StartsWith(name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("127.0.0.1:1/{0}")]
    [InlineData("registry.example/{0}")]
    [InlineData("docker.io/{0}")]
    [InlineData("{0}:other")]
    [InlineData("me/second")]
    [InlineData("{1}/{0}:LATEST")]
    [InlineData("me/second:V1")]
    [InlineData("chat")]
    public async Task Only_the_very_name_of_a_pulled_model_removes_or_pushes_it(string written)
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.MakeTinyChat();
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string name = $"{registry.Host}/{model.Repository}";
        await daemon.PullAsync(name);
        await daemon.CommandAsync("tag", name, "me/second:v1");
        string index = await File.ReadAllTextAsync(Path.Join(daemon.FolderPath, "models/store/models.json"), Token);
        written = string.Format(CultureInfo.InvariantCulture, written, model.Repository, registry.Host);

        foreach (string command in (string[])["rm", "push"])
        {
            (int code, _, string error) = await daemon.RunClientAsync(daemon.FolderPath, command, written);
            Assert.Equal(1, code);
            Assert.Matches("no (pulled )?model", error);
        }

        Assert.Equal(index, await File.ReadAllTextAsync(Path.Join(daemon.FolderPath, "models/store/models.json"), Token));
        (int removed, string output, _) = await daemon.RunClientAsync(daemon.FolderPath, "rm", "docker.io/me/second:v1");
        Assert.Equal(0, removed);
        Assert.Contains("me/second:v1", output, StringComparison.Ordinal);
    }

    /// <summary>A client that left while the registry was silent once kept a processor busy, and the daemon from ending.</summary>
    [Fact]
    public async Task A_pull_ends_when_its_client_leaves_although_the_registry_is_silent()
    {
        var silence = new TaskCompletionSource();
        using var leaving = new CancellationTokenSource();
        await using LoopbackServer registry = await LoopbackServer.StartAsync(async _ =>
        {
            await leaving.CancelAsync();
            await silence.Task;
        });
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        using var content = new StringContent($$"""{"from":"127.0.0.1:{{registry.Address.Port}}/a/b"}""");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => daemon.Client.PostAsync(new Uri("models/create", UriKind.Relative), content, leaving.Token));

        await daemon.WaitForPageAsync("model_runner_pulls_total{result=\"cancelled\"} 1\n");
        long start = TimeProvider.System.GetTimestamp();
        Assert.Equal(0, await daemon.EndAsync());
        Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(10));
        silence.SetResult();
    }

    [Fact]
    public async Task A_refusal_of_the_registry_is_not_told_as_one_of_the_daemon()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { User = RegistryUser.Ann }, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();

        (int code, string _, string error) = await daemon.RunClientAsync(daemon.FolderPath, "pull", $"{registry.Host}/ai/tiny");

        Assert.Equal(1, code);
        Assert.Contains(registry.Host, error, StringComparison.Ordinal);
        Assert.DoesNotContain("MODEL_RUNNER_API_KEY", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_with_a_digest_removes_the_model_of_this_digest_only()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel old = RegistryModel.Make([.. "GGUF"u8, 1]);
        RegistryModel next = RegistryModel.Make([.. "GGUF"u8, 2]);
        await old.PushAsync(registry, Token);
        await next.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string name = $"{registry.Host}/{old.Repository}";
        await daemon.PullAsync(name);

        (int code, string _, string error) = await daemon.RunClientAsync(daemon.FolderPath, "rm", $"{name}@{old.ManifestDigest}");
        Assert.Equal(1, code);
        Assert.Contains("no model", error, StringComparison.Ordinal);

        await daemon.PullAsync($"{name}@{old.ManifestDigest}");
        (code, string output, _) = await daemon.RunClientAsync(daemon.FolderPath, "rm", $"{name}@{old.ManifestDigest}", "--json");
        Assert.Equal((0, $"[{{\"Deleted\":\"{old.ManifestDigest}\"}}]\n"), (code, output));
        (code, output, _) = await daemon.RunClientAsync(daemon.FolderPath, "rm", name, "--json");
        Assert.Contains(next.ManifestDigest, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DELETE", "models/tiny-chat?forced=true", "did you mean \"force\"?")]
    [InlineData("GET", "models/tiny-chat?remot=true", "did you mean \"remote\"?")]
    [InlineData("POST", "models/tiny-chat/tag?repos=a/b&tag=c", "did you mean \"repo\"?")]
    [InlineData("GET", "usage?names=x", "it may have by, since")]
    [InlineData("POST", "models/load?nam=x", "did you mean \"name\"?")]
    [InlineData("GET", "engines/_configure?mdel=x", "did you mean \"model\"?")]
    public async Task An_unknown_query_parameter_is_refused(string method, string path, string remedy)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));

        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        string message = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Token)).RootElement.GetProperty("error").GetProperty("message").GetString()!;
        Assert.EndsWith($"which is not known; {remedy}", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "models/tiny-chat?platform=linux", 200)]
    [InlineData("GET", "models/tiny-chat?LICENSE=true", 200)]
    [InlineData("GET", "engines/_configure?output=x", 200)]
    [InlineData("DELETE", "engines/_configure?output=x", 400)]
    [InlineData("GET", "engines/decisions?Limit=5", 200)]
    [InlineData("GET", "engines/decisions?output=x", 400)]
    [InlineData("POST", "models/create", 502, """{"from":"127.0.0.1:1/a/b","stream":true,"platform":{}}""")]
    [InlineData("POST", "engines/_configure", 202, """{"model":"tiny-chat","keep_alive":"2m","stream":true}""")]
    [InlineData("POST", "engines/_configure", 400, """{"model":"tiny-chat","keep-alive":"2m"}""")]
    public async Task Routes_of_Docker_Model_Runner_ignore_what_newer_clients_send_and_no_misspelled_name(string method, string path, int status, string? body = null)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        request.Content = body is null ? null : new StringContent(body);

        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Token);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_file_that_was_not_pulled_is_not_removed()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string file = (await daemon.GetAsync("v1/models")).GetProperty("data")[0].GetProperty("id").GetString()!;

        (int code, string _, string error) = await daemon.RunClientAsync(daemon.FolderPath, "rm", file, "--force");

        Assert.Equal(1, code);
        Assert.Contains("was not pulled", error, StringComparison.Ordinal);
        Assert.NotEmpty((await daemon.GetAsync("v1/models")).GetProperty("data").EnumerateArray());
    }

    [Theory]
    [InlineData("""{"from":""}""", HttpStatusCode.BadRequest, "is empty")]
    [InlineData("""{"from":"a/../b"}""", HttpStatusCode.BadRequest, "invalid name")]
    [InlineData("""{"from":7}""", HttpStatusCode.BadRequest, "names no model")]
    [InlineData("[]", HttpStatusCode.BadRequest, "names no model")]
    [InlineData("""{"from":"a/b","limit":"20"}""", HttpStatusCode.BadRequest, "limit: \"20\" has no unit; write 20KB/s or 20MB/s")]
    [InlineData("""{"from":"a/b","limit":20000000}""", HttpStatusCode.BadRequest, "limit: \"20000000\" has no unit; write 20000000KB/s")]
    [InlineData("""{"from":"a/b","limit":"1KB/s"}""", HttpStatusCode.BadRequest, "limit: \"1KB/s\" is not a rate from 16KiB/s to 1TiB/s, such as 20MB/s or 512KiB/s")]
    [InlineData("""{"from":"a/b","limits":"20MB/s"}""", HttpStatusCode.BadRequest, "the request has the member \"limits\", which is not known; did you mean \"limit\"?")]
    [InlineData("""{"from":"127.0.0.1:1/a/b","ignore-runtime-memory-check":true,"limit":null}""", HttpStatusCode.BadGateway, "127.0.0.1:1")]
    [InlineData("{", HttpStatusCode.BadRequest, "not valid JSON")]
    [InlineData("""{"from":"hf.co/a"}""", HttpStatusCode.BadRequest, "Hugging Face")]
    [InlineData("""{"from":"127.0.0.1:1/a/b"}""", HttpStatusCode.BadGateway, "127.0.0.1:1")]
    public async Task A_request_that_cannot_be_served_gets_the_reason(string body, HttpStatusCode status, string expected)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();

        (int actual, JsonElement error) = await daemon.PostAsync("models/create", body);

        Assert.Equal((int)status, actual);
        Assert.Contains(expected, error.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }
}
