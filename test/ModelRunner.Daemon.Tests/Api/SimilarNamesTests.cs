using System.Text.Json;
using ModelRunner.Daemon.Models;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The names that are suggested instead of an unknown one.</summary>
public sealed class SimilarNamesTests
{
    private static readonly string Gguf = Path.Join(Repository.Root, "models/tiny-chat.gguf");

    [Fact]
    public async Task Every_command_suggests_names_in_the_same_words()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup());
        await daemon.CommandAsync("package", "--gguf", Gguf, "me/mine");

        const string Question = "did you mean \"me/mine:latest\"?";
        foreach (string command in (string[])["verify MODEL", "rm MODEL", "push MODEL", "tag MODEL me/other", "save MODEL -o x.tar"])
            Assert.Equal($"model-runner: there is no model \"me/mien\" in the model store; {Question}\n", await ErrorAsync(daemon, command));
        foreach (string command in (string[])["inspect MODEL", "preload MODEL --no-pull", "run MODEL hello --no-pull"])
            Assert.StartsWith($"model-runner: there is no model \"me/mien:latest\"; {Question} ", await ErrorAsync(daemon, command), StringComparison.Ordinal);
        foreach (string command in (string[])["why MODEL", "logs MODEL"])
            Assert.Equal($"model-runner: there is no model \"me/mien:latest\"; {Question}\n", await ErrorAsync(daemon, command));
        Assert.Equal($"model-runner: there is no model \"me/mien\" to unload; {Question}\n", await ErrorAsync(daemon, "unload MODEL"));
    }

    [Theory]
    [InlineData("otter", "otter:7b", "oter2:latest")]
    [InlineData("oter2:7b", "oter2:latest", "otter:7b")]
    [InlineData("zebra")]
    [InlineData("a name\0")]
    public void The_nearest_name_is_the_first(string written, params string[] expected) =>
        Assert.Equal(expected, ModelSuggestion.FindAll(written, ["oter2:latest", "otter:7b", "finch:latest", ""]));

    [Fact]
    public async Task Programs_get_the_names_in_a_list()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup());

        Assert.Equal("""["tiny-chat:latest"]""", await SimilarAsync("v1/chat/completions", """{"model":"tiny-chta","messages":[]}"""));
        Assert.Equal("""["tiny-chat:latest"]""", await SimilarAsync("v1/messages", """{"model":"tiny-chta","messages":[]}"""));
        Assert.Equal("""["tiny-chat:latest"]""", await SimilarAsync("engines/unload", """{"models":["tiny-chta"]}"""));
        Assert.Null(await SimilarAsync("v1/chat/completions", """{"model":"zebra","messages":[]}"""));

        async Task<string?> SimilarAsync(string path, string body)
        {
            (int status, JsonElement response) = await daemon.PostAsync(path, body);
            Assert.Equal(404, status);
            return response.GetProperty("error").TryGetProperty("similar", out JsonElement similar) ? similar.GetRawText() : null;
        }
    }

    private static async Task<string> ErrorAsync(DaemonFixture daemon, string command)
    {
        string[] arguments = [.. command.Split(' ').Select(static word => word == "MODEL" ? "me/mien" : word)];
        (int exitCode, string output, string error) = await daemon.RunClientAsync(daemon.FolderPath, arguments);
        Assert.Equal((1, ""), (exitCode, output));
        return error;
    }
}
