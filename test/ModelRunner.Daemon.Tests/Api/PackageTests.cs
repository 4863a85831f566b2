using System.Net;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The real commands and the real daemon make, save, load and repackage models.</summary>
public sealed class PackageTests
{
    private static readonly string Gguf = Path.Join(Repository.Root, "models/tiny-chat.gguf");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_packaged_model_is_saved_removed_loaded_and_answers()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string license = Path.Join(daemon.FolderPath, "LICENSE");
        await File.WriteAllTextAsync(license, "free", Token);
        string packaged = await daemon.CommandAsync("package", "--gguf", Gguf, "--license", license, "me/mine:v1");
        Assert.StartsWith("Packaged docker.io/me/mine:v1 (sha256:", packaged, StringComparison.Ordinal);
        Assert.Equal(200, await ChatAsync(daemon));

        string first = Path.Join(daemon.FolderPath, "first.tar");
        string second = Path.Join(daemon.FolderPath, "second.tar");
        Assert.StartsWith("Saved me/mine:v1", await daemon.CommandAsync("save", "me/mine:v1", "-o", first), StringComparison.Ordinal);
        await daemon.CommandAsync("rm", "me/mine:v1", "--force");
        Assert.Equal(404, await ChatAsync(daemon));

        Assert.StartsWith("Loaded docker.io/me/mine:v1 (sha256:", await daemon.CommandAsync("load", "-i", first), StringComparison.Ordinal);
        Assert.Equal(200, await ChatAsync(daemon));
        await daemon.CommandAsync("save", "me/mine:v1", "-o", second);
        Assert.Equal(await File.ReadAllBytesAsync(first, Token), await File.ReadAllBytesAsync(second, Token));
        Assert.Empty(Directory.GetFiles(daemon.FolderPath, "*.part"));
    }

    [Fact]
    public async Task The_archive_has_its_length_and_a_name_and_is_sent_without_a_copy()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.CommandAsync("package", "--gguf", Gguf, "me/mine:v1");
        using HttpResponseMessage response = await daemon.Client.GetAsync(new Uri("models/me/mine:v1/export", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/x-tar", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("attachment", response.Content.Headers.ContentDisposition!.DispositionType);
        byte[] archive = await response.Content.ReadAsByteArrayAsync(Token);
        Assert.Equal(response.Content.Headers.ContentLength, archive.Length);
        Assert.True(archive.Length > new FileInfo(Gguf).Length);
        using HttpResponseMessage missing = await daemon.Client.GetAsync(new Uri("models/me/other/export", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);

        // A file of the user was not pulled.
        using HttpResponseMessage own = await daemon.Client.GetAsync(new Uri("models/tiny-chat/export", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.Conflict, own.StatusCode);
    }

    [Fact]
    public async Task Equal_files_make_an_equal_model()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup());
        string template = Path.Join(daemon.FolderPath, "template.jinja");
        await File.WriteAllTextAsync(template, "{{ messages }}", Token);
        using var one = JsonDocument.Parse(await daemon.CommandAsync("package", "--gguf", Gguf, "--chat-template", template, "me/one", "--json"));
        using var two = JsonDocument.Parse(await daemon.CommandAsync("load", "-i", await SaveAsync(daemon, "me/one"), "--name", "me/two", "--json"));
        Assert.Equal(one.RootElement.GetProperty("id").GetString(), two.RootElement.GetProperty("id").GetString());
        Assert.Equal("Model loaded successfully", two.RootElement.GetProperty("message").GetString());
        Assert.Equal(
            ["docker.io/me/one:latest", "docker.io/me/two:latest"], two.RootElement.GetProperty("tags").EnumerateArray().Select(static tag => tag.GetString()!));
    }

    [Fact]
    public async Task Runners_get_the_context_and_the_template_of_the_artifact()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string template = Path.Join(daemon.FolderPath, "template.jinja");
        await File.WriteAllTextAsync(template, "{{ messages }}", Token);
        await daemon.CommandAsync("package", "--gguf", Gguf, "--chat-template", template, "me/mine:v1");
        Assert.Equal(200, await ChatAsync(daemon));
        string plain = await ArgumentsAsync(daemon);
        Assert.Contains("--ctx-size 8192", plain, StringComparison.Ordinal);
        Assert.Contains("--chat-template-file", plain, StringComparison.Ordinal);

        string repackaged = await daemon.CommandAsync("repackage", "me/mine:v1", "me/mine:small", "--context-size", "700");
        Assert.Contains("me/mine:small", repackaged, StringComparison.Ordinal);
        Assert.Equal(200, await ChatAsync(daemon, "me/mine:small"));
        Assert.Contains("--ctx-size 2800", await ArgumentsAsync(daemon, "me/mine:small"), StringComparison.Ordinal);
        Assert.Contains("700 tokens, at most 2048", await daemon.CommandAsync("inspect", "me/mine:small"), StringComparison.Ordinal);
        using JsonDocument listed = JsonDocument.Parse(await daemon.Client.GetStringAsync(new Uri("models/me/mine:small", UriKind.Relative), Token));
        Assert.Equal(700, listed.RootElement.GetProperty("config").GetProperty("context_size").GetInt32());
    }

    [Fact]
    public async Task A_context_above_that_of_the_training_is_refused()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        Assert.Contains(
            "was trained for 2048 tokens, and runners never get more; write at most 2048",
            await FailAsync(daemon, 2, "package", "--gguf", Gguf, "--context-size", "2049", "me/mine:v1"), StringComparison.Ordinal);
        await daemon.CommandAsync("package", "--gguf", Gguf, "--context-size", "2048", "me/mine:v1");

        Assert.Contains(
            "a context of 999999 tokens is more than the 2048 for which the model was trained, and runners never get more; write at most 2048",
            await FailAsync(daemon, 1, "repackage", "me/mine:v1", "me/mine:large", "--context-size", "999999"), StringComparison.Ordinal);
        await daemon.CommandAsync("repackage", "me/mine:v1", "me/mine:large", "--context-size", "2048");
    }

    [Fact]
    public async Task What_cannot_be_packaged_or_loaded_is_named()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string text = Path.Join(daemon.FolderPath, "text");
        await File.WriteAllTextAsync(text, "no model", Token);
        Assert.Contains("is not a GGUF file", await FailAsync(daemon, 1, "package", "--gguf", text, "me/mine"), StringComparison.Ordinal);
        Assert.Contains("does not exist", await FailAsync(daemon, 1, "package", "--gguf", "missing.gguf", "me/mine"), StringComparison.Ordinal);
        Assert.Contains("invalid name", await FailAsync(daemon, 2, "package", "--gguf", Gguf, "Me Mine"), StringComparison.Ordinal);
        Assert.Contains("not an image projector", await FailAsync(daemon, 1, "package", "--gguf", Gguf, "--mmproj", Gguf, "me/mine"), StringComparison.Ordinal);
        Assert.Contains("--context-size: \"0\" is not a number of tokens", await FailAsync(daemon, 2, "package", "--gguf", Gguf, "--context-size", "0", "me/mine"), StringComparison.Ordinal);
        Assert.Contains($"\"{text}\" ends too early", await FailAsync(daemon, 1, "load", "-i", text), StringComparison.Ordinal);
        await File.WriteAllTextAsync(text, new string('a', 2000), Token);
        Assert.Contains(
            $"\"{text}\" is no tar archive; \"model-runner save\" makes one of a model", await FailAsync(daemon, 1, "load", "-i", text),
            StringComparison.Ordinal);
        Assert.Contains("is a GGUF file", await FailAsync(daemon, 1, "load", "-i", Gguf), StringComparison.Ordinal);
        await daemon.CommandAsync("package", "--gguf", Gguf, "me/mine");
        Assert.Contains("--json cannot be used with -o -", await FailAsync(daemon, 2, "save", "me/mine", "-o", "-", "--json"), StringComparison.Ordinal);
        Assert.Contains("no space left", await FailAsync(daemon, 1, "save", "me/mine", "-o", "/dev/full"), StringComparison.Ordinal);
        Assert.Contains("folder does not exist", await FailAsync(daemon, 1, "save", "me/mine", "-o", "/nowhere/at/all.tar"), StringComparison.Ordinal);
        Assert.Contains("--context-size: \"0\" is not a number of tokens", await FailAsync(daemon, 2, "repackage", "me/mine", "me/b", "--context-size", "0"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_is_named_before_the_first_byte()
    {
        Prerequisite.Require(Environment.IsPrivilegedProcess, "Only root can mount a small file system.");
        using var folder = new TemporaryFolder();
        await using SmallFileSystem disk = await SmallFileSystem.MountAsync(Path.Join(folder.Path, "disk"));
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Environment = new Dictionary<string, string?> { ["MODELS_PATH"] = disk.Path },
        });
        string error = await FailAsync(daemon, 1, "package", "--gguf", Gguf, "me/mine");
        Assert.Contains("1.07 GB must stay free", error, StringComparison.Ordinal);
        Assert.Contains("MODELS_PATH", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(disk.Path, "*.incomplete", SearchOption.AllDirectories));
    }

    private static async Task<string> SaveAsync(DaemonFixture daemon, string model)
    {
        string path = Path.Join(daemon.FolderPath, "saved.tar");
        await daemon.CommandAsync("save", model, "-o", path);
        return path;
    }

    private static async Task<string> FailAsync(DaemonFixture daemon, int expected, params string[] arguments)
    {
        (int code, string output, string error) = await daemon.RunClientAsync(daemon.FolderPath, arguments);
        Assert.Equal((expected, ""), (code, output));
        return error;
    }

    private static async Task<int> ChatAsync(DaemonFixture daemon, string model = "me/mine:v1")
    {
        (int status, JsonElement _) = await daemon.PostAsync(
            "v1/chat/completions", $$"""{"model":"{{model}}","messages":[{"role":"user","content":"hello"}]}""");
        return status;
    }

    private static async Task<string> ArgumentsAsync(DaemonFixture daemon, string model = "me/mine:v1")
    {
        string listed = await daemon.CommandAsync("ps", "--arguments");
        return listed.Split('\n').Single(line => line.StartsWith(model, StringComparison.Ordinal));
    }
}
