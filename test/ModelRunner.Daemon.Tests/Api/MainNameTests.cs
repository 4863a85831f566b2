using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>A runner is known by the first name of its model. The model keeps this name while it is loaded.</summary>
public sealed class MainNameTests
{
    private const string First = "me/mine:v1";
    private const string Second = "me/mine:v2";
    private const string Third = "me/mine:v3";

    private static readonly string Gguf = Path.Join(Repository.Root, "models/tiny-chat.gguf");

    [Fact]
    public async Task A_load_under_a_name_that_the_model_has_leaves_its_runner_alone()
    {
        await using DaemonFixture daemon = await StartAsync();
        string archive = Path.Join(daemon.FolderPath, "saved.tar");
        await daemon.CommandAsync("save", First, "-o", archive);
        string before = await AnsweredByAsync(daemon, First);

        using var loaded = JsonDocument.Parse(await daemon.CommandAsync("load", "-i", archive, "--name", First, "--json"));

        Assert.Equal(
            [$"docker.io/{First}", $"docker.io/{Second}", $"docker.io/{Third}"],
            loaded.RootElement.GetProperty("tags").EnumerateArray().Select(static tag => tag.GetString()!));
        Assert.Equal(before, await AnsweredByAsync(daemon, First));
        Assert.Equal(before, await AnsweredByAsync(daemon, Second));
    }

    [Fact]
    public async Task The_main_name_of_a_loaded_model_stays_unless_it_is_unloaded_first()
    {
        await using DaemonFixture daemon = await StartAsync();
        string before = await AnsweredByAsync(daemon, Second);

        (int code, string _, string error) = await daemon.RunClientAsync(daemon.FolderPath, "rm", First);
        Assert.Equal(1, code);
        Assert.Contains($"the model \"{First}\" is loaded", error, StringComparison.Ordinal);
        Assert.Equal(before, await AnsweredByAsync(daemon, Second));

        await daemon.CommandAsync("rm", Third);
        Assert.Equal(before, await AnsweredByAsync(daemon, Second));

        await daemon.CommandAsync("rm", First, "--force");
        Assert.Empty(await daemon.RunnersAsync());
        Assert.StartsWith(Second, await AnsweredByAsync(daemon, Second), StringComparison.Ordinal);
    }

    private static async Task<DaemonFixture> StartAsync()
    {
        DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.CommandAsync("package", "--gguf", Gguf, First);
        await daemon.CommandAsync("tag", First, Second);
        await daemon.CommandAsync("tag", First, Third);
        return daemon;
    }

    // The name and the process of the only runner.
    private static async Task<string> AnsweredByAsync(DaemonFixture daemon, string model)
    {
        (int status, JsonElement _) = await daemon.PostAsync(
            "v1/chat/completions", $$"""{"model":"{{model}}","messages":[{"role":"user","content":"hello"}]}""");
        Assert.Equal(200, status);
        JsonElement runner = Assert.Single(await daemon.RunnersAsync());
        return $"{runner.GetProperty("model_name").GetString()} {runner.GetProperty("pid").GetInt32()}";
    }
}
