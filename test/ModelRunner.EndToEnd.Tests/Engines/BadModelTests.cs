using System.Text.Json;
using ModelRunner.EndToEnd.Tests.Support;
using ModelRunner.Testing;
using TemporaryFolder = ModelRunner.Testing.TemporaryFolder;

namespace ModelRunner.EndToEnd.Tests.Engines;

/// <summary>Models that cannot be served, beside one that can.</summary>
public sealed class BadModelTests : IDisposable
{
    private const string Good = """{"model":"tiny-chat","messages":[{"role":"user","content":"Hi"}],"max_tokens":4}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("truncated", 503, @"truncated\.gguf is still being written: so far, it has ")]
    [InlineData("odd", 502, "llomo")]
    [InlineData("text", 500, "is not a GGUF file")]
    [InlineData("gone", 500, "a file that it needs was removed while the request waited")]
    public async Task Each_gets_one_clear_sentence_and_nothing_else_suffers(string model, int status, string pattern)
    {
        string path = Write(model);
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(llamaServer: null, new DaemonSetup { Folder = _folder });
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Good)).Status);
        int healthy = await daemon.RunnerProcessAsync();
        await daemon.GetAsync("v1/models");
        if (model == "gone")
            File.Delete(path);

        (int Status, JsonElement Body) answer = await daemon.PostAsync("v1/chat/completions", $$"""{"model":"{{model}}","messages":[]}""");

        // Soon after its last write, a file that ends too early is still being written, and later truncated.
        if (model == "truncated" && answer.Status == 500)
            (status, pattern) = (500, @"truncated\.gguf is truncated: it has ");
        Assert.True(status == answer.Status, answer.Body.ToString());
        string message = answer.Body.GetProperty("error").GetProperty("message").GetString()!;
        Assert.Matches(pattern, message);
        Assert.DoesNotContain('\n', message);
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Good)).Status);
        Assert.True(ProcessTable.IsAlive(healthy));
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(1, Page.Value(page, "model_runner_up" + Page.Labels("tiny-chat", "completion")));
    }

    private string Write(string model)
    {
        byte[] bytes = File.ReadAllBytes(Path.Join(Repository.Root, "models", "tiny-chat.gguf"));
        if (model == "odd")
        {
            int key = bytes.AsSpan().IndexOf("general.architecture"u8);
            "llomo"u8.CopyTo(bytes.AsSpan(key + bytes.AsSpan(key).IndexOf("llama"u8)));
        }

        return _folder.Write(Path.Join("models", model + ".gguf"), model switch
        {
            "truncated" => bytes[..(bytes.Length / 2)],
            "text" => "this is no model"u8.ToArray(),
            _ => bytes,
        });
    }
}
