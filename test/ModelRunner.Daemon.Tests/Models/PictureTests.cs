using System.Text.Json;
using ModelRunner.Daemon.Tests.Engines;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>Pictures in requests, from the client to the real llama-server.</summary>
public sealed class PictureTests
{
    private static string? LlamaServer => Environment.GetEnvironmentVariable("LLAMA_SERVER_PATH");

    [Fact]
    public async Task Only_a_model_with_a_projector_gets_pictures()
    {
        string llamaServer = Prerequisite.Require(LlamaServer, "There is no llama-server: set LLAMA_SERVER_PATH.");
        using var folder = new TemporaryFolder();
        byte[] model = await File.ReadAllBytesAsync(Path.Join(Repository.Root, "models", "tiny-chat.gguf"), TestContext.Current.CancellationToken);
        folder.Write("models/vision/tiny-q8_0.gguf", model);
        folder.Write("models/vision/mmproj-f16.gguf", TinyProjector.Build(width: 128));
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Folder = folder, Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LLAMA_SERVER_PATH"] = llamaServer },
        });

        (int seen, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", Question("vision/tiny-q8_0"));
        (int refused, JsonElement error) = await daemon.PostAsync("v1/chat/completions", Question("tiny-chat"));

        Assert.Equal((200, 400), (seen, refused));
        Assert.Equal("vision/tiny-q8_0:latest", answer.GetProperty("model").GetString());
        Assert.Contains("image input is not supported", error.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain((await daemon.GetAsync("v1/models")).GetProperty("data").EnumerateArray(), static listed =>
            listed.GetProperty("id").GetString()!.Contains("mmproj", StringComparison.Ordinal));
    }

    private static string Question(string model) => $$$"""
        {"model":"{{{model}}}","max_tokens":2,"messages":[{"role":"user","content":[{"type":"text","text":"what is this"},
         {"type":"image_url","image_url":{"url":"data:image/png;base64,{{{TinyProjector.RedSquare}}}"}}]}]}
        """;
}
