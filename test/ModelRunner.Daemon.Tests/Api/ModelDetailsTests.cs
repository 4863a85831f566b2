using System.Net;
using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Hosting;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>What the daemon tells about models in Docker Model Runner's shape, here and in a registry.</summary>
public sealed class ModelDetailsTests
{
    private const string LicenseType = "application/vnd.docker.ai.license";
    private const string LicenseText = "\n  Apache License\n  Version 2.0, January 2004\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pulled_model_has_the_id_of_its_manifest_and_is_found_by_it()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.MakeTinyChat("q8");
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string name = $"{registry.Host}/ai/tiny:q8";
        await daemon.PullAsync(name);

        JsonElement[] listed = [.. (await daemon.GetAsync("models")).EnumerateArray()];
        string hex = model.ManifestDigest["sha256:".Length..];
        JsonElement entry = Assert.Single(listed, item => item.GetProperty("id").GetString() == model.ManifestDigest);
        Assert.All(listed, static item => Assert.Matches("^sha256:[0-9a-f]{64}$", item.GetProperty("id").GetString()!));
        Assert.Equal(listed.Length, listed.Select(static item => item.GetProperty("id").GetString()).Distinct().Count());
        Assert.Equal(name, entry.GetProperty("tags")[0].GetString());
        foreach (string written in (string[])[name, "ai/tiny:q8", "tiny:q8", hex, hex[..12], model.ManifestDigest, $"sha256:{hex[..20]}"])
            Assert.Equal(model.ManifestDigest, (await daemon.GetAsync($"models/{written}")).GetProperty("id").GetString());

        JsonElement shown = await daemon.GetAsync($"models/{name}");
        Assert.Equal(1_767_225_600, shown.GetProperty("packed").GetInt64());
        Assert.Equal("gguf", shown.GetProperty("config").GetProperty("format").GetString());
        Assert.Equal("Q8_0", shown.GetProperty("config").GetProperty("quantization").GetString());
        using var packedConfig = JsonDocument.Parse(model.Config);
        Assert.Equal(
            packedConfig.RootElement.GetProperty("config").GetProperty("gguf").EnumerateObject().Select(static item => (item.Name, item.Value.GetString())).Order(),
            shown.GetProperty("config").GetProperty("gguf").EnumerateObject().Select(static item => (item.Name, item.Value.GetString())));
        Assert.False(shown.GetProperty("loaded").GetBoolean());
        Assert.Equal(
            [("config", model.ConfigDigest, model.Config.Length), ("weights", model.LayerDigest, model.Layer.Length)],
            shown.GetProperty("files").EnumerateArray().Select(static file =>
                (file.GetProperty("role").GetString()!, file.GetProperty("digest").GetString()!, file.GetProperty("size").GetInt32())));

        string other = listed.Select(static item => item.GetProperty("id").GetString()!).First(id => id != model.ManifestDigest);
        JsonElement folder = await daemon.GetAsync($"models/{other}");
        Assert.Equal(other, folder.GetProperty("id").GetString());
        JsonElement file = folder.GetProperty("files")[0];
        Assert.Equal("weights", file.GetProperty("role").GetString());
        Assert.EndsWith(".gguf", file.GetProperty("name").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain('/', file.GetProperty("name").GetString()!);
        Assert.False(file.TryGetProperty("digest", out _));
        using HttpResponseMessage missing = await daemon.Client.GetAsync(new Uri("models/0123456789ab", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task A_model_is_listed_with_all_its_names_and_a_damaged_list_is_told()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.MakeTinyChat();
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string name = $"{registry.Host}/ai/tiny";
        await daemon.PullAsync($"{name}@{model.ManifestDigest}");
        await daemon.CommandAsync("tag", model.ManifestDigest, $"{name}:two");
        await daemon.CommandAsync("tag", model.ManifestDigest, $"{name}:three");

        (_, string listed, _) = await daemon.RunClientAsync(daemon.FolderPath, "ls");
        Assert.Matches($"(?m)^{name}:two .* pulled +{name}:three$", listed);

        Assert.Matches("(?m)^pulled +1$", (await daemon.RunClientAsync(daemon.FolderPath, "status")).Out);
        Assert.Contains(
            """{"source":"pulled","models":1,""", (await daemon.RunClientAsync(daemon.FolderPath, "status", "--json")).Out, StringComparison.Ordinal);

        await File.WriteAllTextAsync(Path.Join(daemon.FolderPath, "models/store/models.json"), "{", Token);
        await DaemonFixture.WaitUntilAsync(async () => (await daemon.RunClientAsync(daemon.FolderPath, "ls")).Error.Contains(
            "warning: source pulled cannot be read: models.json of the model store cannot be understood; move the file away", StringComparison.Ordinal),
            DaemonFixture.Patience);
    }

    [Fact]
    public async Task The_registry_describes_a_model_and_nothing_is_downloaded()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        await using FaultProxy proxy = await FaultProxy.StartAsync(registry.Address);
        RegistryModel model = RegistryModel.Make([.. "GGUF"u8, .. new byte[200_000]]);
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string name = $"{proxy.Host}/ai/tiny";

        JsonElement remote = await daemon.GetAsync($"models/{name}?remote=true");

        Assert.Equal(model.ManifestDigest, remote.GetProperty("id").GetString());
        Assert.Equal($"{name}:latest", remote.GetProperty("tags")[0].GetString());
        Assert.Equal("A small model", remote.GetProperty("config").GetProperty("gguf").GetProperty("general.name").GetString());
        Assert.Equal(1_767_225_600, remote.GetProperty("packed").GetInt64());
        Assert.Equal(model.Layer.Length + model.Config.Length, remote.GetProperty("total_bytes").GetInt64());
        Assert.Equal(model.Layer.Length + model.Config.Length, remote.GetProperty("missing_bytes").GetInt64());
        Assert.Equal(
            "application/vnd.docker.ai.gguf.v3",
            remote.GetProperty("files").EnumerateArray().Single(file => file.GetProperty("digest").GetString() == model.LayerDigest).GetProperty("media_type").GetString());
        Assert.DoesNotContain(proxy.Requests, request => request.Target.EndsWith(model.LayerDigest, StringComparison.Ordinal));
        Assert.False(Directory.Exists(Path.Join(daemon.FolderPath, "models/store/blobs")));

        await daemon.PullAsync(name);
        Assert.Equal(0, (await daemon.GetAsync($"models/{name}?remote=true")).GetProperty("missing_bytes").GetInt64());
        foreach ((string path, HttpStatusCode status) in (IEnumerable<(string, HttpStatusCode)>)
            [($"models/{proxy.Host}/ai/missing?remote=true", HttpStatusCode.NotFound), ("models/a..b?remote=true", HttpStatusCode.BadRequest),
            ("models/tiny-chat?remote=perhaps", HttpStatusCode.BadRequest), ("models/127.0.0.1:1/a/b?remote", HttpStatusCode.BadGateway)])
        {
            using HttpResponseMessage response = await daemon.Client.GetAsync(new Uri(path, UriKind.Relative), Token);
            Assert.Equal((path, status), (path, response.StatusCode));
        }
    }

    [Fact]
    public async Task A_key_without_admin_cannot_make_the_daemon_ask_a_registry()
    {
        await using DaemonFixture daemon = await KeyedDaemon.StartAsync(KeyedDaemon.Key("ada"));

        Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, "models/tiny-chat", "key-of-ada")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await KeyedDaemon.SendAsync(daemon, "models/tiny-chat?remote=true", "key-of-ada")).Status);
    }

    [Fact]
    public async Task A_key_finds_no_model_by_its_id_that_it_may_not_use()
    {
        await using DaemonFixture daemon = await KeyedDaemon.StartAsync(KeyedDaemon.Key("ada", """, "models": ["tiny-embed"]"""));
        string[] ids = [.. (await daemon.GetAsync("models")).EnumerateArray().Select(static item => item.GetProperty("id").GetString()!)];

        KeyedResponse hidden = await KeyedDaemon.SendAsync(daemon, $"models/{ids[0]}", "key-of-ada");
        KeyedResponse shown = await KeyedDaemon.SendAsync(daemon, $"models/{ids[1]}", "key-of-ada");

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.OK), (hidden.Status, shown.Status));
        Assert.DoesNotContain("tiny-chat", hidden.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_shows_a_model_with_its_license()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = await PushWithLicenseAsync(registry);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string name = $"{registry.Host}/ai/tiny:latest";
        await daemon.PullAsync(name);
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", $$"""{"model":"{{name}}","messages":[{"role":"user","content":"hello"}]}""")).Status);

        (int code, string output, string error) = await daemon.RunClientAsync(daemon.FolderPath, "inspect", name);

        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith($"Model         {name}\nId            {model.ManifestDigest}\nCreated       2026-01-01 00:00 UTC\n", output, StringComparison.Ordinal);
        Assert.Contains("Quantization  Q8_0\n", output, StringComparison.Ordinal);
        Assert.Contains("Origin        pulled\nLoaded        yes (completion)\n", output, StringComparison.Ordinal);
        Assert.Contains($"License       Apache License (the whole text: model-runner inspect {name} --license)\n", output, StringComparison.Ordinal);
        Assert.Matches($"\nweights +[0-9.]+ MB +{model.LayerDigest}\n", output);

        (code, output, _) = await daemon.RunClientAsync(daemon.FolderPath, "inspect", name, "--license");
        Assert.Equal((0, LicenseText), (code, output));
        (code, output, _) = await daemon.RunClientAsync(daemon.FolderPath, "inspect", name, "--json");
        Assert.Equal(model.ManifestDigest, JsonDocument.Parse(output).RootElement.GetProperty("id").GetString());
        (code, output, _) = await daemon.RunClientAsync(daemon.FolderPath, "inspect", name, "--remote");
        Assert.Contains("To download   0 B\n", output, StringComparison.Ordinal);
        (code, _, error) = await daemon.RunClientAsync(daemon.FolderPath, "inspect", "tiny-chat", "--license");
        Assert.Equal(1, code);
        Assert.Contains("no file with a license", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "it is empty")]
    [InlineData((1 << 20) + 1, "it has 1.05 MB, and at most 1 MiB is shown; the whole text is the file blobs/sha256/")]
    public async Task A_license_that_is_not_shown_is_named_with_the_cause(int length, string cause)
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = await PushWithLicenseAsync(registry, new string('x', length));
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string name = $"{registry.Host}/{model.Repository}:{model.Tag}";
        await daemon.PullAsync(name);

        (int code, string output, string error) = await daemon.RunClientAsync(daemon.FolderPath, "inspect", name, "--license");
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("the license sha256:", error, StringComparison.Ordinal);
        Assert.Contains($" is not shown: {cause}", error, StringComparison.Ordinal);
        (_, output, _) = await daemon.RunClientAsync(daemon.FolderPath, "inspect", name);
        Assert.Contains($" ({cause}", output, StringComparison.Ordinal);
        Assert.DoesNotContain("--license", output, StringComparison.Ordinal);
        JsonElement shown = (await daemon.GetAsync($"models/{name}?license=true")).GetProperty("licenses")[0];
        Assert.StartsWith(cause, shown.GetProperty("problem").GetString(), StringComparison.Ordinal);
    }

    private static async Task<RegistryModel> PushWithLicenseAsync(RegistryProcess registry, string licenseText = LicenseText)
    {
        RegistryModel plain = RegistryModel.MakeTinyChat();
        byte[] license = Encoding.UTF8.GetBytes(licenseText);
        string entry = $$""",{"mediaType":"{{LicenseType}}","digest":"{{RegistryProcess.DigestOf(license)}}","size":{{license.Length}}}]""";
        string text = Encoding.UTF8.GetString(plain.Manifest);
        RegistryModel model = plain with { Manifest = Encoding.UTF8.GetBytes(text[..text.LastIndexOf(']')] + entry + text[(text.LastIndexOf(']') + 1)..]) };
        await registry.PushBlobAsync(model.Repository, license, Token);
        await model.PushAsync(registry, Token);
        return model;
    }
}
