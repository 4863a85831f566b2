using System.Text;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 38: names that are paths, digests, commands, or look like other names, at the routes that run a model.</summary>
public sealed class NameChecks
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_38_No_name_reaches_a_file_outside_of_the_store_and_no_shell_reads_one()
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true, Folder = folder });
        File.Copy(Path.Join(folder.Path, "models", "tiny-chat.gguf"), folder.PathOf("outside.gguf"));
        IReadOnlyList<string> names = HostileNames.In(folder);
        string[] before = FilesOf(folder);

        int requests = 0;
        using var tcp = new HttpClient { BaseAddress = daemon.TcpAddress };
        foreach (string name in names)
        {
            string quoted = JsonSerializer.Serialize(name);
            string escaped = Uri.EscapeDataString(name);
            foreach ((HttpMethod method, string path, string? body) in ((HttpMethod, string, string?)[])
                [
                    (HttpMethod.Post, "v1/chat/completions", $$"""{"model":{{quoted}},"messages":[]}"""),
                    (HttpMethod.Post, "v1/embeddings", $$"""{"model":{{quoted}},"input":"x"}"""),
                    (HttpMethod.Post, "tokenize", $$"""{"model":{{quoted}},"content":"x"}"""),
                    (HttpMethod.Post, $"engines/{escaped}/v1/chat/completions", """{"model":"tiny-chat","messages":[]}"""),
                    (HttpMethod.Get, $"v1/models/{escaped}", null),
                    (HttpMethod.Get, $"models/{escaped}", null),
                    (HttpMethod.Get, $"logs?model={escaped}", null),
                ])
            {
                using var request = new HttpRequestMessage(method, path);
                if (body is not null)
                    request.Content = new StringContent(body, Encoding.UTF8, "application/json");
                using HttpResponseMessage response = await (requests++ % 2 == 0 ? daemon.Client : tcp).SendAsync(request, Cancellation);
                string text = await response.Content.ReadAsStringAsync(Cancellation);
                Assert.True((int)response.StatusCode is 400 or 404, $"{method} {path} with {name}: {(int)response.StatusCode} {text}");
                Assert.DoesNotContain(folder.Path + "/models", text, StringComparison.Ordinal);
            }

            (int status, JsonElement unloaded) = await daemon.PostAsync("engines/unload", $$"""{"models":[{{quoted}}]}""");
            requests++;
            Assert.True(
                status is 400 or 404 || unloaded.GetProperty("unloaded_runners").GetInt32() == 0, $"unload of {name}: {status} {unloaded}");
        }

        Figures.Print($"{names.Count} names, {requests} requests, 0 escapes");
        Assert.Empty(ProcessTable.ChildrenOf(daemon.ProcessId));
        Assert.Equal(before, FilesOf(folder));
    }

    private static string[] FilesOf(TemporaryFolder folder) => [.. Directory.EnumerateFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories)
        .Where(path => !path.StartsWith(folder.PathOf("state"), StringComparison.Ordinal) && !path.StartsWith(folder.PathOf("run/"), StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
