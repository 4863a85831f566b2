using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 38: names that are paths, digests, commands, or look like other names, on every route that takes one.</summary>
public sealed class NameChecks
{
    private const int Traversals = 60;
    private const int Digests = 40;
    private const int Commands = 30;
    private const int Lookalikes = 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_38_No_name_reaches_a_file_outside_of_the_store_and_no_shell_reads_one()
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true, Folder = folder });
        File.Copy(Path.Join(folder.Path, "models", "tiny-chat.gguf"), folder.PathOf("outside.gguf"));
        string[] names = [.. TraversalNames(folder), .. DigestNames(), .. CommandNames(folder), .. LookalikeNames()];
        Assert.Equal(Traversals + Digests + Commands + Lookalikes, names.Distinct(StringComparer.Ordinal).Count());
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

        Figures.Print($"{names.Length} names, {requests} requests, 0 escapes");
        Assert.Empty(ProcessTable.ChildrenOf(daemon.ProcessId));
        Assert.Equal(before, FilesOf(folder));
    }

    // A file with the name exists at some of these paths.
    private static IEnumerable<string> TraversalNames(TemporaryFolder folder)
    {
        string[] targets = ["outside", "outside.gguf", "etc/passwd", $"{folder.Path.TrimStart('/')}/outside.gguf", "proc/self/environ"];
        string[] forms = ["../{0}", "../../../../../../../../{0}", "/{0}", "..\\{0}", "%2e%2e/{0}", "..%2f{0}", "tiny-chat/../../{0}", "./../{0}", "....//{0}", "file:///{0}", "~/{0}", "..\0/{0}"];
        return forms.SelectMany(form => targets.Select(target => string.Format(CultureInfo.InvariantCulture, form, target)));
    }

    private static IEnumerable<string> DigestNames()
    {
        string zeros = new('0', 64);
        string[] digests =
        [
            $"sha256:{zeros}", $"sha256-{zeros}", $"SHA256:{zeros}", $"sha256:{zeros[1..]}", $"sha256:{zeros}0", $"sha256:{zeros[..62]}/.", $"sha256:../{zeros}", $"sha512:{zeros}",
            $"sha256:{new string('g', 64)}", "sha256:",
        ];
        return digests.Concat(digests.Select(static digest => $"tiny-chat@{digest}")).Concat(digests.Select(static digest => $"../blobs/{digest}"))
            .Concat(digests.Select(static digest => $"{digest}/../../outside"));
    }

    private static IEnumerable<string> CommandNames(TemporaryFolder folder)
    {
        string touch = $"touch {folder.PathOf("touched")}";
        string[] forms =
        [
            "$({0})", "`{0}`", ";{0}", "|{0}", "&&{0}", "&{0}", "\n{0}\n", "'; {0} #", "\"; {0} #", "${{IFS}}{0}", "tiny-chat;{0}", "tiny-chat$({0})", "tiny-chat`{0}`", "--log-file {0}", "-m {0}",
        ];
        return forms.SelectMany(form => (string[])[string.Format(CultureInfo.InvariantCulture, form, touch), string.Format(CultureInfo.InvariantCulture, form, touch) + ":latest"]);
    }

    private static IEnumerable<string> LookalikeNames() =>
    [
        "tіny-chat", "tiny‐chat", "tiny‑chat", "tiny–chat", "tiny-сhat", "ｔiny-chat", "tiny-chat\u200b", "\u200btiny-chat", "tiny\u00adchat", "tiny-chat\u202e", "tiny-ｃhat", "tınу-chat",
        "tiny-chat∶latest", "tiny-chat：latest", "tiny-chat\ufeff", "ⅼatest/tiny-chat", "tiny-chat\u0301", "tiny‒chat", "tiny—chat", "tiny_chat",
    ];

    private static string[] FilesOf(TemporaryFolder folder) => [.. Directory.EnumerateFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories)
        .Where(path => !path.StartsWith(folder.PathOf("state"), StringComparison.Ordinal) && !path.StartsWith(folder.PathOf("run/"), StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
