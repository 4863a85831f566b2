using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Inference;

/// <summary>Requests that a model's mode does not fit.</summary>
public sealed class ModeCases
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one"}],"max_tokens":1}""";

    [Fact]
    public async Task SRV_04_A_request_in_the_wrong_mode_names_model_and_mode_and_starts_no_runner()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        (int embeddings, JsonElement first) = await daemon.PostAsync("v1/embeddings", """{"model":"tiny-chat","input":"one"}""");
        (int chat, JsonElement second) = await daemon.PostAsync("v1/chat/completions", """{"model":"tiny-embed","messages":[]}""");

        Assert.Equal((400, 400), (embeddings, chat));
        CheckError(first, "tiny-chat:latest", "embedding");
        CheckError(second, "tiny-embed:latest", "completion");
        JsonElement runner = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal("completion", runner.GetProperty("mode").GetString());
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Contains("mode=\"completion\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("mode=\"embedding\"", page, StringComparison.Ordinal);
    }

    private static void CheckError(JsonElement body, string model, string mode)
    {
        JsonElement error = body.GetProperty("error");
        Assert.Equal("unsupported_mode", error.GetProperty("code").GetString());
        Assert.Contains($"\"{model}\"", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains($"mode {mode}", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }
}
