using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The list of routes, and models whose name is in the path.</summary>
public sealed class ModelPathTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_name_in_a_path_is_decoded_once()
    {
        using var folder = new TemporaryFolder();
        byte[] model = GgufBuilder.Llama().Build();
        foreach (string name in (string[])["a%2Fb", "100%25", "a b", "lab/otter"])
            folder.Write($"models/{name}.gguf", model);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });

        foreach (string prefix in (string[])["v1/models/", "engines/llama.cpp/v1/models/", "engines/v1/models/"])
        {
            await CheckAsync(prefix + "a%252Fb", "a%2fb:latest");
            await CheckAsync(prefix + "100%2525", "100%25:latest");
            await CheckAsync(prefix + "a%20b", "a b:latest");
            await CheckAsync(prefix + "lab%2Fotter", "lab/otter:latest");
            await CheckAsync(prefix + "lab/otter?x=%25", "lab/otter:latest");
        }

        using HttpResponseMessage docker = await daemon.Client.GetAsync(new Uri("http://localhost/models/a%252Fb"), Cancellation);
        Assert.Equal(HttpStatusCode.OK, docker.StatusCode);

        async Task CheckAsync(string path, string id) => Assert.Equal(id, (await daemon.GetAsync(path)).GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_model_may_be_called_like_an_action()
    {
        using var folder = new TemporaryFolder();
        folder.Write("models/lab/export.gguf", GgufBuilder.Llama().Build());
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });

        Assert.Equal("lab/export:latest", (await daemon.GetAsync("models/lab%2Fexport")).GetProperty("tags")[0].GetString());
        Assert.Equal("lab/export:latest", (await daemon.GetAsync("models/lab/export:latest")).GetProperty("tags")[0].GetString());
        (int status, JsonElement error) = await daemon.PostAsync("models/lab%2Fexport/tag?repo=me/a&tag=v1", "{}");
        Assert.Equal(409, status);
        Assert.Contains("the model \"lab/export:latest\" was not pulled", error.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("lab/export:latest", await daemon.CommandAsync("inspect", "lab/export"), StringComparison.Ordinal);

        // As in Docker Model Runner, this is the archive of another model.
        using HttpResponseMessage archive = await daemon.Client.GetAsync(new Uri("models/lab/export", UriKind.Relative), Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, archive.StatusCode);
    }

    [Theory]
    [InlineData("models/tiny-chat/fly", "unknown action \"fly\"")]
    [InlineData("models/a/b/c/fly", "unknown action \"fly\"")]
    [InlineData("models/fly", "unknown action \"fly\"")]
    public async Task An_unknown_action_of_a_model_is_told(string path, string expected)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();

        (int status, JsonElement error) = await daemon.PostAsync(path, "{}");

        Assert.Equal(404, status);
        Assert.Equal(expected, error.GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task The_list_of_routes_marks_those_that_the_embedded_engine_does_not_have()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();

        string text = await daemon.Client.GetStringAsync(new Uri("http://localhost/"), Cancellation);

        Match marked = Regex.Match(text, @"POST   /v1/rerank [^()]*  \(only with llama-server or an attached runner\)", RegexOptions.ExplicitCapture);
        Assert.All((string[])["/v1/responses", "/v1/messages", "/infill"], route => Assert.Contains($"  {route}  ", marked.Value, StringComparison.Ordinal));
        Assert.DoesNotContain("/v1/chat/completions", marked.Value, StringComparison.Ordinal);
        Assert.Contains("/v1/chat/completions", text, StringComparison.Ordinal);
    }
}
