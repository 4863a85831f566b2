using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>
/// A model with a comma in its name. llama-server and the stub split the name at commas; clients see the full name.
/// </summary>
public sealed class CommaNameTests
{
    private const string Name = "lab/a, \"b\":latest";

    [Fact]
    public async Task Responses_lists_and_the_page_have_the_full_name()
    {
        using var folder = new TemporaryFolder();
        byte[] model = await File.ReadAllBytesAsync(Path.Join(Repository.Root, "models", "tiny-chat.gguf"), TestContext.Current.CancellationToken);
        folder.Write("models/lab/a, \"b\".gguf", model);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });
        string question = JsonSerializer.Serialize(new { model = "lab/A, \"b\"", stream = false, messages = new[] { new { role = "user", content = "hi" } } });

        (int status, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", question);
        using HttpResponseMessage stream = await daemon.StreamAsync("v1/chat/completions", question.Replace("false", "true", StringComparison.Ordinal));
        string events = await stream.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal((200, Name), (status, answer.GetProperty("model").GetString()));
        string[] chunks = [.. events.Split('\n').Where(static line => line.StartsWith("data: {", StringComparison.Ordinal))];
        Assert.NotEmpty(chunks);
        Assert.All(chunks, static chunk =>
        {
            using var json = JsonDocument.Parse(chunk["data: ".Length..]);
            Assert.Equal(Name, json.RootElement.GetProperty("model").GetString());
        });
        Assert.Contains("model=\"lab/a, \\\"b\\\":latest\"", page, StringComparison.Ordinal);
        Assert.Equal(Name, Assert.Single(await daemon.RunnersAsync()).GetProperty("model_name").GetString());
    }
}
