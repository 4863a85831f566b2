using System.Text.Json;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>Models are named by their ids and by the digests of their manifests, in requests and in commands.</summary>
public sealed class DigestNameTests
{
    private const string Route = "v1/chat/completions";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_pulls_a_name_with_a_digest_and_finds_it_afterwards_with_every_command()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.MakeTinyChat("q8");
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string pinned = $"{registry.Host}/ai/tiny@{model.ManifestDigest}";

        (int code, string output, string error) = await daemon.RunClientAsync(daemon.FolderPath, "run", pinned, "hello");

        Assert.Equal((0, $"The model is not there; pulling {pinned}."), (code, error.Split('\n')[0]));
        Assert.NotEqual("", output);
        await daemon.CommandAsync("inspect", pinned);
        await daemon.CommandAsync("unload", pinned);
        await daemon.CommandAsync("preload", pinned);
        await daemon.CommandAsync("unload", model.ManifestDigest[..19]);
        await daemon.CommandAsync("tag", pinned, $"{registry.Host}/ai/copy:two");
        await daemon.CommandAsync("push", $"{registry.Host}/ai/copy:two@{model.ManifestDigest}");
        await daemon.CommandAsync("save", pinned, "-o", Path.Join(daemon.FolderPath, "a.tar"));
        await daemon.CommandAsync("inspect", $"{registry.Host}/ai/copy@{model.ManifestDigest}");
        (code, string _, error) = await daemon.RunClientAsync(daemon.FolderPath, "rm", $"{registry.Host}/ai/copy:three@{model.ManifestDigest}");
        Assert.Equal(1, code);
        Assert.Contains("there is no model", error, StringComparison.Ordinal);
        await daemon.CommandAsync("rm", $"{registry.Host}/ai/copy:two@{model.ManifestDigest}");
        (code, string _, error) = await daemon.RunClientAsync(daemon.FolderPath, "run", "--no-pull", pinned, "hello");
        Assert.Equal(1, code);
        Assert.Contains($"there is no model \"{pinned}\"", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_accept_ids_and_a_name_with_a_digest_never_means_another_one()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel old = RegistryModel.MakeTinyChat();
        RegistryModel newer = old with { Manifest = [.. old.Manifest, (byte)'\n'] };
        await old.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string name = $"{registry.Host}/ai/tiny";
        await daemon.PullAsync(name);
        await newer.PushAsync(registry, Token);
        string hex = old.ManifestDigest["sha256:".Length..];

        foreach (string text in (string[])[old.ManifestDigest, hex, hex[..12], $"sha256:{hex[..12]}", $"{name}@{old.ManifestDigest}", $"tiny:x@{old.ManifestDigest}"])
            Assert.Equal((text, 200), (text, await StatusAsync(daemon, text)));
        (int status, JsonElement body) = await daemon.PostAsync(Route, Body($"{name}:latest@{newer.ManifestDigest}"));

        Assert.Equal(404, status);
        string message = body.GetProperty("error").GetProperty("message").GetString()!;
        Assert.Contains($"\"{name}:latest\" here is another one, with the id {old.ManifestDigest}", message, StringComparison.Ordinal);
        Assert.Contains($"\"model-runner pull {name}:latest@{newer.ManifestDigest}\" fetches it", message, StringComparison.Ordinal);
        (_, JsonElement unknown) = await daemon.PostAsync(Route, Body("sha256:0123456789ab"));
        Assert.DoesNotContain("pull", unknown.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal($"{name}:latest", Assert.Single(await daemon.RunnersAsync()).GetProperty("model_name").GetString());
    }

    [Fact]
    public async Task A_request_pulls_a_name_with_a_digest_once()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        await using FaultProxy proxy = await FaultProxy.StartAsync(registry.Address);
        RegistryModel model = RegistryModel.MakeTinyChat();
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = """{ "pullOnRequest": true }""" });
        string pinned = $"{proxy.Host}/ai/tiny@{model.ManifestDigest}";

        Assert.Equal(200, await StatusAsync(daemon, pinned));
        int asked = proxy.Requests.Count;
        Assert.Equal(200, await StatusAsync(daemon, pinned));

        Assert.NotEqual(0, asked);
        Assert.Equal(asked, proxy.Requests.Count);
    }

    private static string Body(string model) => $$"""{"model":"{{model}}","max_tokens":1,"messages":[{"role":"user","content":"hello"}]}""";

    private static async Task<int> StatusAsync(DaemonFixture daemon, string model) => (await daemon.PostAsync(Route, Body(model))).Status;
}
