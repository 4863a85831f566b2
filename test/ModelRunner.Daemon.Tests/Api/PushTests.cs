using System.Net;
using System.Text;
using System.Text.Json;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The daemon names models of its store and sends them to a real registry.</summary>
public sealed class PushTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_model_that_was_tagged_and_pushed_can_be_pulled_by_another_daemon()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.Make([.. "GGUF"u8, .. new byte[3_000_000]]);
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await using RegistryProcess other = await RegistryProcess.StartAsync(cancellation: Token);
        string source = await PullAsync(daemon, $"{registry.Host}/{model.Repository}");
        string target = $"{other.Host}/me/copy:v2";

        (int code, string output, string error) = await daemon.RunClientAsync(daemon.FolderPath, "tag", source, target);
        Assert.Equal((0, $"Model tagged successfully with \"{target}\"\n", ""), (code, output, error));
        JsonElement[] lines = await PushAsync(daemon, target);

        Assert.All(lines, static line => Assert.Equal("push", line.GetProperty("mode").GetString()));
        Assert.All(lines, line => Assert.Equal(model.Config.Length + model.Layer.Length, line.GetProperty("total").GetInt64()));
        Assert.Contains(lines[..^1].Select(static line => line.GetProperty("layer")), layer =>
            layer.GetProperty("id").GetString() == model.LayerDigest && layer.GetProperty("current").GetInt64() == model.Layer.Length);
        Assert.Equal(("success", "Model pushed successfully"), (lines[^1].GetProperty("type").GetString(), lines[^1].GetProperty("message").GetString()));

        await using DaemonFixture second = await DaemonFixture.StartAsync();
        await PullAsync(second, target);
        string blobs = Path.Join(second.FolderPath, "models/store/blobs/sha256");
        Assert.Equal(model.Layer, await File.ReadAllBytesAsync(Path.Join(blobs, model.LayerDigest["sha256:".Length..]), Token));
        Assert.Equal(
            model.Manifest, await File.ReadAllBytesAsync(Path.Join(second.FolderPath, "models/store/manifests/sha256", model.ManifestDigest["sha256:".Length..]), Token));
    }

    [Fact]
    public async Task A_file_that_the_registry_has_in_another_repository_is_not_sent()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        await using FaultProxy proxy = await FaultProxy.StartAsync(registry.Address);
        RegistryModel model = RegistryModel.Make([.. "GGUF"u8, .. new byte[1000]]);
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string source = await PullAsync(daemon, $"{proxy.Host}/{model.Repository}");
        await TagAsync(daemon, source, $"{proxy.Host}/me/copy", "latest", 201);

        await PushAsync(daemon, $"{proxy.Host}/me/copy");

        Assert.Equal(2, proxy.Requests.Count(static request => request.Method == "POST" && request.Target.Contains("mount=", StringComparison.Ordinal)));
        Assert.Equal("/v2/me/copy/manifests/latest", Assert.Single(proxy.Requests, static request => request.Method == "PUT").Target);
    }

    [Fact]
    public async Task A_registry_that_wants_a_login_gets_that_of_the_user()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { User = RegistryUser.Ann }, Token);
        await using RegistryProcess open = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.Make([.. "GGUF"u8, .. new byte[1000]]);
        await model.PushAsync(open, Token);
        using var folder = new TemporaryFolder();
        string login = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{RegistryUser.Ann.Name}:{RegistryUser.Ann.Password}"));
        folder.Write("docker/config.json", $$$$"""{"auths":{"{{{{registry.Host}}}}":{"auth":"{{{{login}}}}"}}}""");
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["DOCKER_CONFIG"] = folder.PathOf("docker") };
        await using DaemonFixture known = await DaemonFixture.StartAsync(new DaemonSetup { Environment = environment });
        environment["DOCKER_CONFIG"] = folder.PathOf("nowhere");
        await using DaemonFixture unknown = await DaemonFixture.StartAsync(new DaemonSetup { Environment = environment });
        string target = $"{registry.Host}/me/copy";

        foreach (DaemonFixture daemon in (DaemonFixture[])[known, unknown])
            await TagAsync(daemon, await PullAsync(daemon, $"{open.Host}/{model.Repository}"), target, "latest", 201);
        await PushAsync(known, target);
        (int status, JsonElement error) = await unknown.PostAsync($"models/{target}/push", "{}");

        Assert.Equal(401, status);
        Assert.Contains("docker login", error.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_without_the_right_to_push_is_told_apart_from_no_login()
    {
        await using TokenServer tokens = await TokenServer.StartAsync();
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tokens = tokens }, Token);
        await using RegistryProcess open = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.Make([.. "GGUF"u8, .. new byte[1000]]);
        await model.PushAsync(open, Token);
        using var folder = new TemporaryFolder();
        folder.Write("docker/config.json", $$$$"""{"auths":{"{{{{registry.Host}}}}":{"username":"ann","password":"{{{{TokenServer.Password}}}}"}}}""");
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["DOCKER_CONFIG"] = folder.PathOf("docker") };
        await using DaemonFixture ann = await DaemonFixture.StartAsync(new DaemonSetup { Environment = environment });
        environment["DOCKER_CONFIG"] = folder.PathOf("nowhere");
        await using DaemonFixture anybody = await DaemonFixture.StartAsync(new DaemonSetup { Environment = environment });
        string target = $"{registry.Host}/ai/tiny";

        foreach (DaemonFixture daemon in (DaemonFixture[])[ann, anybody])
            await TagAsync(daemon, await PullAsync(daemon, $"{open.Host}/{model.Repository}"), target, "latest", 201);
        (int denied, JsonElement error) = await anybody.PostAsync($"models/{target}/push", "{}");
        (int withToken, _) = await anybody.PostAsync($"models/{target}/push", """{"bearer-token":"not-a-token"}""");
        await PushAsync(ann, target);
        using var body = new StringContent($$"""{"bearer-token":"{{tokens.MakeMasterToken()}}"}""");
        using HttpResponseMessage good = await anybody.Client.PostAsync(new Uri($"models/{target}/push", UriKind.Relative), body, Token);

        Assert.Equal((403, 401, HttpStatusCode.OK), (denied, withToken, good.StatusCode));
        Assert.Contains("the token does not cover it", error.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("success", await good.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_push_that_breaks_in_its_middle_goes_on()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        await using FaultProxy proxy = await FaultProxy.StartAsync(registry.Address);
        RegistryModel model = RegistryModel.Make([.. "GGUF"u8, .. new byte[500_000]]);
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await TagAsync(daemon, await PullAsync(daemon, $"{registry.Host}/{model.Repository}"), $"{proxy.Host}/me/copy", "latest", 201);
        proxy.Add(new RegistryFault(FaultKind.Status) { Path = "/blobs/uploads/", Method = "PUT", Times = 1 });

        (int code, string output, string _) = await daemon.RunClientAsync(daemon.FolderPath, "push", $"{proxy.Host}/me/copy");

        Assert.Equal((0, "Model pushed successfully\n"), (code, output));
        Assert.Equal(4, proxy.Requests.Count(static request => request.Method == "PUT"));
    }

    [Fact]
    public async Task The_end_of_the_daemon_ends_a_push_with_a_last_line_and_no_error_in_the_log()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        await using FaultProxy proxy = await FaultProxy.StartAsync(registry.Address);
        RegistryModel model = RegistryModel.Make([.. "GGUF"u8, .. new byte[500_000]]);
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await TagAsync(daemon, await PullAsync(daemon, $"{registry.Host}/{model.Repository}"), $"{proxy.Host}/me/copy", "latest", 201);
        proxy.Add(new RegistryFault(FaultKind.NoAnswer) { Path = "/blobs/uploads/", Method = "PUT" });
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"models/{proxy.Host}/me/copy/push", UriKind.Relative));
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);

        Task ending = daemon.EndAsync();
        string lines = await response.Content.ReadAsStringAsync(Token);
        await ending.WaitAsync(TimeSpan.FromSeconds(20), Token);

        Assert.Contains("the push was cancelled; push again to continue", lines, StringComparison.Ordinal);
        Assert.DoesNotContain(" ERROR ", daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_that_cannot_be_given_or_pushed_get_the_reason()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.Make([.. "GGUF"u8, 1]);
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string source = await PullAsync(daemon, $"{registry.Host}/{model.Repository}");

        Assert.Contains("missing repo or tag", await TagAsync(daemon, source, "", "x", 400), StringComparison.Ordinal);
        Assert.Contains("missing repo or tag", await TagAsync(daemon, source, "a/b", "", 400), StringComparison.Ordinal);
        Assert.Contains("invalid", await TagAsync(daemon, source, "a/../b", "x", 400), StringComparison.Ordinal);
        Assert.Contains("has a digest", await TagAsync(daemon, source, "a/b@sha256", "x", 400), StringComparison.Ordinal);
        Assert.Contains("no model", await TagAsync(daemon, "a/missing", "a/b", "x", 404), StringComparison.Ordinal);
        string file = (await daemon.GetAsync("v1/models")).GetProperty("data").EnumerateArray()
            .Select(static entry => entry.GetProperty("id").GetString()!).First(static id => !id.StartsWith("127.", StringComparison.Ordinal));
        Assert.Contains("was not pulled", await TagAsync(daemon, file, "a/b", "x", 409), StringComparison.Ordinal);

        (int status, JsonElement error) = await daemon.PostAsync($"models/{file}/push", "{}");
        Assert.Equal(409, status);
        Assert.Contains("was not pulled", Message(error), StringComparison.Ordinal);
        await TagAsync(daemon, source, "hf.co/me/copy", "Q8_0", 201);
        (status, error) = await daemon.PostAsync("models/hf.co/me/copy:Q8_0/push", "{}");
        Assert.Equal(422, status);
        Assert.Contains("takes no pushes", Message(error), StringComparison.Ordinal);
        (status, error) = await daemon.PostAsync($"models/{model.ManifestDigest}/push", "");
        Assert.Equal(400, status);
        Assert.Contains("push one of them", Message(error), StringComparison.Ordinal);
        (status, error) = await daemon.PostAsync($"models/{source}/push", "[]");
        Assert.Equal(400, status);
        Assert.Contains("is no object", Message(error), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Purge_removes_all_pulled_models_and_no_other_file()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel first = RegistryModel.MakeTinyChat();
        RegistryModel second = RegistryModel.Make([.. "GGUF"u8, 1], tag: "two");
        await first.PushAsync(registry, Token);
        await second.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string name = await PullAsync(daemon, $"{registry.Host}/{first.Repository}");
        await PullAsync(daemon, $"{registry.Host}/{second.Repository}:two");
        string[] others = [.. (await NamesAsync(daemon)).Where(static id => !id.StartsWith("127.", StringComparison.Ordinal))];
        (int status, JsonElement _) = await daemon.PostAsync("v1/chat/completions", $$"""{"model":"{{name}}","messages":[{"role":"user","content":"hello"}]}""");
        Assert.Equal(200, status);

        using HttpResponseMessage refused = await daemon.Client.DeleteAsync(new Uri("models/purge", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains(name, await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Contains(name, await NamesAsync(daemon));
        using HttpResponseMessage done = await daemon.Client.DeleteAsync(new Uri("models/purge?force=true", UriKind.Relative), Token);

        Assert.Equal((HttpStatusCode.OK, ""), (done.StatusCode, await done.Content.ReadAsStringAsync(Token)));
        Assert.Equal(others, await NamesAsync(daemon));
        Assert.Empty(Directory.EnumerateFiles(Path.Join(daemon.FolderPath, "models/store/blobs"), "*", SearchOption.AllDirectories));
    }

    private static string Message(JsonElement body) => body.GetProperty("error").GetProperty("message").GetString()!;

    private static async Task<string[]> NamesAsync(DaemonFixture daemon) =>
        [.. (await daemon.GetAsync("v1/models")).GetProperty("data").EnumerateArray().Select(static entry => entry.GetProperty("id").GetString()!)];

    private static async Task<string> TagAsync(DaemonFixture daemon, string source, string repository, string tag, int status)
    {
        (int actual, JsonElement body) = await daemon.PostAsync($"models/{source}/tag?repo={Uri.EscapeDataString(repository)}&tag={tag}", "");
        Assert.Equal(status, actual);
        return status == 201 ? body.GetProperty("target").GetString()! : Message(body);
    }

    // Returns the name with its tag.
    private static async Task<string> PullAsync(DaemonFixture daemon, string name)
    {
        await daemon.PullAsync(name);
        return name.LastIndexOf(':') > name.LastIndexOf('/') ? name : $"{name}:latest";
    }

    private static async Task<JsonElement[]> PushAsync(DaemonFixture daemon, string name)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"models/{name}/push");
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Token);
        string text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement.Clone())];
    }
}
