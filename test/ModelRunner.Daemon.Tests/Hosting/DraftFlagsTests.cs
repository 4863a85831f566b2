using System.Net;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>A draft model that a client has set, with a llama-server that knows only the older arguments. Its program is the stub.</summary>
public sealed class DraftFlagsTests : IDisposable
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"hi"}],"max_tokens":2}""";
    private const string Help = "-t, --threads N  t\n--metrics  m\n--host H  h\n--alias A  a\n--model M  m\n--ctx-size N  c\n--parallel N  p\n"
        + "-md, --model-draft F  d\n--draft-max N  n\n";

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("""{ "engines": { "old": { "llamaServer": "old" } }, "models": { "tiny-chat": { "engine": "old" } } }""")]
    public async Task The_engine_gets_arguments_that_it_knows_also_after_a_reload(string configuration)
    {
        string engine = _folder.WriteExecutable("old/llama-server");
        await File.WriteAllTextAsync(
            engine,
            $"#!/bin/sh\ncase \"$1\" in --help) printf %b '{Help.Replace("\n", "\\n", StringComparison.Ordinal)}' ;; *) exec {StubProcess.ExecutablePath} \"$@\" ;; esac\n",
            Cancellation);
        _folder.Write("models/small.gguf", await File.ReadAllBytesAsync(Path.Join(Repository.Root, "models", "tiny-chat.gguf"), Cancellation));
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Folder = _folder, Configuration = configuration.Length > 0 ? configuration : "{}",
            Environment = configuration.Length > 0
                ? new Dictionary<string, string?>(StringComparer.Ordinal)
                : new Dictionary<string, string?>(StringComparer.Ordinal) { ["LLAMA_SERVER_PATH"] = engine },
        });
        await daemon.CommandAsync("configure", "tiny-chat", "--speculative-draft-model", "small", "--speculative-num-tokens", "4");
        string expected = $"--model-draft {_folder.PathOf("models/small.gguf")} --draft-max 4";

        Assert.EndsWith(expected, await ArgumentsAsync(daemon), StringComparison.Ordinal);

        await File.WriteAllTextAsync(
            Path.Join(daemon.FolderPath, "model-runner.json"),
            (configuration.Length > 0 ? configuration : "{ }").Insert(1, """ "keepAlive": "7m" """ + (configuration.Length > 0 ? "," : "")), Cancellation);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await daemon.WaitForLogAsync("changed: keepAlive");
        await daemon.CommandAsync("unload", "tiny-chat");
        Assert.EndsWith(expected, await ArgumentsAsync(daemon), StringComparison.Ordinal);
    }

    private static async Task<string> ArgumentsAsync(DaemonFixture daemon)
    {
        Assert.Equal((int)HttpStatusCode.OK, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        return string.Join(' ', ProcessTable.ArgumentsOf(await daemon.RunnerProcessAsync()));
    }
}
