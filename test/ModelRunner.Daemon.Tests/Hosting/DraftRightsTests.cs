using System.Net;
using System.Text.Json;
using ModelRunner.Daemon.Models;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>A key that may use a model, and not the draft model of it, does not learn its name.</summary>
public sealed class DraftRightsTests : IDisposable
{
    private const string Secret = "hush";
    private const string Body = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two three"}],"max_tokens":4}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_refusal_for_memory_names_it_only_to_those_who_may_use_it()
    {
        _folder.Write("models/hush-1b.gguf", ReadChat());
        await using DaemonFixture daemon = await StartAsync("80MiB");

        string limited = await RefusalAsync(daemon, "ada", HttpStatusCode.ServiceUnavailable);

        Assert.Matches("about [0-9]+ MiB of that are for its draft model; it fits with ", limited);
        Assert.DoesNotContain(Secret, limited, StringComparison.Ordinal);
        foreach (string name in (string[])["both", "pattern", "all"])
            Assert.Contains("are for its draft model hush-1b:latest; it fits", await RefusalAsync(daemon, name, HttpStatusCode.ServiceUnavailable), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_model_that_is_not_here_is_named_only_to_those_who_may_use_it()
    {
        await using DaemonFixture daemon = await StartAsync("8GiB");

        Assert.Equal(
            "model \"tiny-chat:latest\" cannot be used: its draft model is not here or cannot be used; ask the operator of this daemon",
            await RefusalAsync(daemon, "ada", HttpStatusCode.InternalServerError));
        foreach (string name in (string[])["both", "pattern", "all"])
            Assert.Contains("its draft model \"hush-1b:latest\" is not here; pull it", await RefusalAsync(daemon, name, HttpStatusCode.InternalServerError), StringComparison.Ordinal);
        foreach (string path in (string[])["v1/models", "models", "v1/models/tiny-chat", "models/tiny-chat", "engines/status"])
            Assert.DoesNotContain(Secret, (await KeyedDaemon.SendAsync(daemon, path, KeyedDaemon.KeyOf("ada"))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_output_of_an_engine_that_cannot_load_it_does_not_name_it()
    {
        string path = _folder.Write("models/hush-1b.gguf", ReadChat());
        string words = $"gguf_init_from_file: failed to open GGUF file '{path}' of hush-1b:latest beside {Path.GetDirectoryName(path)}/tiny-chat.gguf";
        await using DaemonFixture daemon = await StartAsync("8GiB", $$"""{"exit_at_start": 1, "stderr_text": "E {{words}}"}""");

        string all = await RefusalAsync(daemon, "all");
        string limited = await RefusalAsync(daemon, "ada");

        Assert.Contains("open GGUF file 'hush-1b.gguf' of hush-1b:latest beside tiny-chat.gguf", all, StringComparison.Ordinal);
        Assert.Contains("open GGUF file 'its draft model' of its draft model beside tiny-chat.gguf", limited, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, limited, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_model_that_cannot_be_loaded_is_named_only_to_those_who_may_use_it()
    {
        // llama-server finds out, and not the daemon, that a part is missing.
        byte[] damaged = ReadChat();
        damaged[damaged.AsSpan().IndexOf("blk.0.attn_q.weight"u8) + "blk.0.attn_".Length] = (byte)'x';
        _folder.Write("models/hush-1b.gguf", damaged);
        await using DaemonFixture daemon = await StartAsync("8GiB");

        Assert.Contains("; replace the file of the draft model hush-1b:latest, or use", await RefusalAsync(daemon, "all"), StringComparison.Ordinal);
        string limited = await RefusalAsync(daemon, "ada");
        Assert.Contains("; replace the file of the draft model, or use another draft model or none", limited, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, limited, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_for_the_draft_model_alone_does_not_learn_whose_draft_model_it_is()
    {
        _folder.Write("models/hush-1b.gguf", ReadChat());
        await using DaemonFixture daemon = await StartAsync("8GiB", "{}");
        Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, KeyedDaemon.KeyOf("all"), Body)).Status);

        string limited = (await KeyedDaemon.SendAsync(daemon, "models/hush-1b", KeyedDaemon.KeyOf("draft"))).Text;

        Assert.Contains("\"loaded\":true,\"loaded_modes\":[],\"draft_of\":[]", limited, StringComparison.Ordinal);
        Assert.DoesNotContain("tiny-chat", limited, StringComparison.Ordinal);
        Assert.Contains(
            "\"draft_of\":[\"tiny-chat:latest\"]", (await KeyedDaemon.SendAsync(daemon, "models/hush-1b", KeyedDaemon.KeyOf("all"))).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lab/hush:1b", "/m/hush.gguf")]
    [InlineData("lab/hush:1b", "/m/hush-1b.gguf")]
    public void A_name_that_contains_that_of_the_draft_model_stays(string reference, string path)
    {
        var draft = new DraftModel(reference, ModelFile.FromPath(path), null!, null!);
        string file = Path.GetFileName(path);

        Assert.Equal(
            $"its draft model: its draft model:7: bad (its draft model). Needed by big-{reference}, x/{reference}, {reference}.2, {reference}-q4 and {reference}:x; big-{file}, {file}.part",
            draft.HideIn(
                $"{reference}: {file}:7: bad ({path}). Needed by big-{reference}, x/{reference}, {reference}.2, {reference}-q4 and {reference}:x; big-{file}, {file}.part",
                "/m/big.gguf"));
        Assert.Equal("its draft model. 'its draft model', /other/its draft model", draft.HideIn($"{reference}. '{path}', /other/{file}", "/m/big.gguf"));
    }

    [Fact]
    public async Task The_name_of_the_model_may_contain_that_of_its_draft_model()
    {
        _folder.Write("models/hush-1b.gguf", ReadChat());
        _folder.Write("models/big-hush-1b.gguf", ReadChat());
        await using DaemonFixture daemon = await StartAsync("80MiB");

        string limited = await RefusalAsync(daemon, "big", HttpStatusCode.ServiceUnavailable, Body.Replace("tiny-chat", "big-hush-1b", StringComparison.Ordinal));

        Assert.Matches("^model \"big-hush-1b:latest\" needs about [0-9]+ MiB", limited);
        Assert.DoesNotContain(Secret, limited.Replace("big-hush-1b:latest", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    private static async Task<string> RefusalAsync(DaemonFixture daemon, string key, HttpStatusCode? status = null, string body = Body)
    {
        KeyedResponse response = await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, KeyedDaemon.KeyOf(key), body);
        Assert.True(status is null || response.Status == status, $"{key} got {response.Status}: {response.Text}");
        using var document = JsonDocument.Parse(response.Text);
        return document.RootElement.GetProperty("error").GetProperty("message").GetString()!;
    }

    private static byte[] ReadChat() => File.ReadAllBytes(Path.Join(Repository.Root, "models", "tiny-chat.gguf"));

    private Task<DaemonFixture> StartAsync(string memory, string? faults = null)
    {
        var setup = new DaemonSetup
        {
            Folder = _folder, HasTcp = true,
            Configuration = $$"""
                { "limits": { "memory": "{{memory}}" }, "models": { "tiny-chat": { "draft": { "model": "hush-1b" } }, "big-hush-1b": { "draft": { "model": "hush-1b" } } },
                  "keys": {
                    {{KeyedDaemon.Key("ada", """, "models": ["tiny-chat"]""")}},
                    {{KeyedDaemon.Key("big", """, "models": ["big-hush-1b"]""")}},
                    {{KeyedDaemon.Key("draft", """, "models": ["hush-1b"]""")}},
                    {{KeyedDaemon.Key("both", """, "models": ["tiny-chat", "hush-1b"]""")}},
                    {{KeyedDaemon.Key("pattern", """, "models": ["tiny-chat", "hush*"]""")}},
                    {{KeyedDaemon.Key("all")}} } }
                """,
        };
        return DaemonFixture.StartAsync(faults is null
            ? setup with { Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LLAMA_SERVER_PATH"] = RealLlamaServer.Require() } }
            : setup.WithFaults(faults));
    }
}
