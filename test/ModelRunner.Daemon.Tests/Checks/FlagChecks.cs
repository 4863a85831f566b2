using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 37: no client gives a runner a flag that opens a file, a port or a connection.</summary>
public sealed class FlagChecks
{
    private const string Route = "engines/_configure";
    private const string Chat = """{"model":"tiny-chat","messages":[],"max_tokens":1}""";

    private static readonly string[] Forbidden =
    [
        "--model", "-m", "--host", "--port", "--alias", "-a", "--metrics", "--no-metrics", "--embedding", "--embeddings", "--rerank", "--reranking", "--api-key", "--api-key-file",
        "--api-prefix", "--slots", "--no-slots", "--props", "-hf", "--hf-repo", "--hf-file", "--hf-token", "--model-url", "-mu", "--docker-repo", "--models-dir", "--models-preset",
        "--webui", "--no-webui", "--sleep-idle-seconds", "--log-disable", "--offline", "--mmproj", "-mm", "--log-file", "--slot-save-path", "--rpc", "--lora", "--lora-scaled",
        "--mmproj-url", "--media-path", "--grammar-file", "--json-schema-file", "--chat-template-file", "--ssl-key-file", "--ssl-cert-file", "--control-vector",
        "--control-vector-scaled", "--lookup-cache-static", "--lookup-cache-dynamic", "--tools", "-md", "--model-draft", "--webui-mcp-proxy", "--path", "--file", "-f", "--prompt-cache",
        "--binary-file", "--in-file",
    ];

    [Fact]
    public async Task Check_37_No_spelling_of_a_forbidden_flag_reaches_a_runner()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        string[] before = ProcessTable.ArgumentsOf(await daemon.RunnerProcessAsync());
        int combinations = 0;
        foreach (string flag in Forbidden)
        {
            foreach (string body in Bodies(flag))
            {
                (int status, JsonElement answer) = await daemon.PostAsync(Route, body);
                Assert.True(status == 400, $"{body}: {status} {answer}");
                combinations++;
            }
        }

        // Nothing was changed, so the next process has the same arguments but for its socket.
        Assert.Equal(0, (await daemon.GetAsync(Route)).GetArrayLength());
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        await daemon.PostAsync("v1/chat/completions", Chat);
        string[] after = ProcessTable.ArgumentsOf(await daemon.RunnerProcessAsync());
        Assert.Equal(before.Where(static argument => !argument.EndsWith(".sock", StringComparison.Ordinal)), after.Where(static argument => !argument.EndsWith(".sock", StringComparison.Ordinal)));
        Figures.Print($"{combinations} combinations of {Forbidden.Length} flags, 0 passed");
        Assert.InRange(combinations, 500, int.MaxValue);
    }

    private static IEnumerable<string> Bodies(string flag)
    {
        string name = flag.TrimStart('-');
        string[][] lists =
        [
            [flag, "x"], [$"{flag}=x"], [$"{flag}x"], ["--threads", "2", flag, "x"], ["--seed", flag], [$"--{name.Replace('-', '_')}", "x"], [$"\u2014{name}", "x"],
            [$"\u2010\u2010{name}", "x"], [flag + "\0", "x"], ["--threads", $"2\n{flag}"], [$"{flag.ToUpperInvariant()}", "x"],
        ];
        foreach (string[] list in lists)
            yield return $$"""{"model":"tiny-chat","runtime-flags":{{JsonSerializer.Serialize(list)}}}""";
        foreach (string raw in (string[])[$"{flag} x", $"{flag}=x", $"'{flag}' \\\"x\\\"", $"--seed {flag}"])
            yield return $$"""{"model":"tiny-chat","raw-runtime-flags":"{{raw}}"}""";
    }
}
