using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ModelRunner.EndToEnd.Tests.Support;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Engines;

/// <summary>Contexts that survive the end of their runner, with the real llama-server.</summary>
public sealed class SavedContextTests : IDisposable
{
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string Words =
        "the a river stone house light window garden child walked slowly towards and then saw old tree under moon with water from well near road";

    // One model at a time, and the next request for another model is served at once.
    private const string Limits = "\"limits\": { \"maxRunners\": 1, \"minStay\": 0, \"swapDelay\": 0 }";
    private const string On = "{ \"kvCache\": { \"persist\": true }, " + Limits + " }";

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Contexts => _folder.PathOf("state/model-runner/kv-cache");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_context_of_2000_tokens_survives_a_swap()
    {
        await using DaemonFixture daemon = await StartAsync(On);
        Answer cold = await AskAsync(daemon, "tiny-chat", Prompt(1000, seed: 1));
        await AskAsync(daemon, "other", Prompt(20, seed: 2));
        Answer warm = await AskAsync(daemon, "tiny-chat", Prompt(1000, seed: 1));

        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"prompt of {cold.Computed} tokens: {cold.PromptMilliseconds:0.0} ms computed, {warm.PromptMilliseconds:0.0} ms restored; "
            + $"first token after {cold.FirstToken.TotalMilliseconds:0} ms and {warm.FirstToken.TotalMilliseconds:0} ms, loads included"));
        Assert.True(cold is { Cached: 0, Computed: >= 1900 }, $"{cold}");
        Assert.True(warm is { Cached: >= 1900, Computed: < 100 }, $"{warm}");
        Assert.True(cold.PromptMilliseconds > 5 * warm.PromptMilliseconds, $"{cold} {warm}");
        Assert.Equal(cold.Text, warm.Text);

        await WaitForPageAsync(daemon, $"model_runner_slot_restores_total{Labels("tiny-chat", "reused")} 1");
        string page = await PageOf(daemon);
        Assert.Equal(warm.Cached, Page.Value(page, $"model_runner_prefill_tokens_saved_total{Page.Labels("tiny-chat", "completion")}"));
        Assert.Equal(1, Page.Value(page, $"model_runner_slot_saves_total{Labels("tiny-chat", "saved")}"));
        JsonElement shown = Assert.Single(await daemon.RunnersAsync()).GetProperty("kv_cache");
        Assert.True(shown.GetProperty("persisted").GetBoolean());
        Assert.Equal(warm.Cached, shown.GetProperty("reused_tokens").GetInt64());

        // Prompts are private.
        Assert.Equal(OnlyOwner | UnixFileMode.UserExecute, File.GetUnixFileMode(Contexts));
        Assert.All(Directory.GetFiles(Contexts), static file => Assert.Equal(OnlyOwner, File.GetUnixFileMode(file)));
    }

    [Theory]
    [InlineData("v1/messages", "\"max_tokens\":4,\"messages\":[{\"role\":\"user\",\"content\":\"PROMPT\"}]", "cache_read_input_tokens")]
    [InlineData("v1/responses", "\"max_output_tokens\":4,\"input\":\"PROMPT\"", "cached_tokens")]
    public async Task What_the_routes_without_timings_take_from_a_saved_context_is_counted(string route, string members, string name)
    {
        string body = $"{{\"model\":\"tiny-chat\",\"temperature\":0,{members.Replace("PROMPT", Prompt(500, seed: 1), StringComparison.Ordinal)}}}";
        await using DaemonFixture daemon = await StartAsync(On);
        Assert.Equal(200, (await daemon.PostAsync(route, body)).Status);
        await AskAsync(daemon, "other", Prompt(20, seed: 2));
        (int status, JsonElement warm) = await daemon.PostAsync(route, body);

        Assert.Equal(200, status);
        JsonElement usage = warm.GetProperty("usage");
        long cached = (usage.TryGetProperty(name, out JsonElement own) ? own : usage.GetProperty("input_tokens_details").GetProperty(name)).GetInt64();
        Assert.True(cached > 900, warm.ToString());
        await WaitForPageAsync(daemon, $"model_runner_slot_restores_total{Labels("tiny-chat", "reused")} 1");
        Assert.Equal(cached, Page.Value(await PageOf(daemon), $"model_runner_prefill_tokens_saved_total{Page.Labels("tiny-chat", "completion")}"));
    }

    [Fact]
    public async Task With_little_room_the_contexts_that_were_used_last_are_kept()
    {
        // Each context has about 650 tokens of 2 KiB.
        string[] prompts = [.. Enumerable.Range(1, 4).Select(static seed => Prompt(300, seed))];
        string limit = On.Replace("\"persist\": true", "\"persist\": true, \"maxBytes\": \"3MiB\"", StringComparison.Ordinal);
        await using DaemonFixture daemon = await StartAsync(limit);
        foreach (int prompt in (int[])[0, 1, 2, 3, 0])
            await AskAsync(daemon, "other", prompts[prompt]);
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        await WaitForPageAsync(daemon, $"model_runner_slot_saves_total{Labels("other", "saved")} 2");
        await WaitForPageAsync(daemon, $"model_runner_slot_saves_total{Labels("other", "no_space")} 2");

        Assert.True((await AskAsync(daemon, "other", prompts[0])).Cached > 500);
        Assert.True((await AskAsync(daemon, "other", prompts[3])).Cached > 500);
        Assert.True((await AskAsync(daemon, "other", prompts[1])).Cached < 100);

        // The new context of prompt 1 takes the place of the one that was used longest ago.
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        Assert.Equal(2, Directory.GetFiles(Contexts, "*.kv").Length);
    }

    [Fact]
    public async Task Without_the_option_nothing_is_saved_and_what_was_saved_is_removed()
    {
        await using (DaemonFixture daemon = await StartAsync(On))
            await AskAsync(daemon, "tiny-chat", Prompt(200, seed: 1));
        Assert.Single(Directory.GetFiles(Contexts, "*.kv"));

        await using (DaemonFixture daemon = await StartAsync("{ " + Limits + " }"))
        {
            Assert.Empty(Directory.GetFiles(Contexts));
            await AskAsync(daemon, "tiny-chat", Prompt(200, seed: 1));
            Assert.DoesNotContain("--slot-save-path", (await daemon.RunnersAsync())[0].GetProperty("arguments").ToString(), StringComparison.Ordinal);
            Assert.False((await daemon.RunnersAsync())[0].TryGetProperty("kv_cache", out _));
        }

        Assert.Empty(Directory.GetFiles(Contexts));
    }

    [Fact]
    public async Task All_slots_survive_a_restart_of_the_daemon_and_each_first_request_is_verified()
    {
        string[] prompts = [.. Enumerable.Range(1, 4).Select(static seed => Prompt(300, seed))];
        await using (DaemonFixture daemon = await StartAsync(On))
            foreach (string prompt in prompts)
                Assert.Equal(0, (await AskAsync(daemon, "other", prompt)).Cached);

        long saved = 0;
        await using (DaemonFixture daemon = await StartAsync(On))
        {
            // The totals continue after the restart.
            Assert.Equal(4, Page.Value(await PageOf(daemon), $"model_runner_slot_saves_total{Labels("other", "saved")}"));
            foreach (string prompt in prompts.Reverse().Take(3))
                saved += (await AskAsync(daemon, "other", prompt)).Cached;
            Assert.True(saved > 1500, $"{saved}");
            await WaitForPageAsync(daemon, $"model_runner_slot_restores_total{Labels("other", "reused")} 3");
            string page = await PageOf(daemon);
            Assert.Equal(saved, Page.Value(page, $"model_runner_prefill_tokens_saved_total{Page.Labels("other", "completion")}"));
            Assert.Equal((200, 1L), Unloaded(await daemon.PostAsync("engines/unload", """{"all":true}""")));

            // One slot was not used: its file is still right.
            await WaitForPageAsync(daemon, $"model_runner_slot_restores_total{Labels("other", "unused")} 1");
            await WaitForPageAsync(daemon, $"model_runner_slot_saves_total{Labels("other", "unchanged")} 1");
            Assert.Equal(4, Directory.GetFiles(Contexts, "*.kv").Length);
            foreach (string prompt in prompts)
                Assert.True((await AskAsync(daemon, "other", prompt)).Cached > 500, prompt);
        }

        await using (DaemonFixture daemon = await StartAsync(On))
        {
            string page = await PageOf(daemon);
            Assert.True(Page.Value(page, $"model_runner_slot_restores_total{Labels("other", "reused")}") >= 3);
            Assert.True(Page.Value(page, $"model_runner_prefill_tokens_saved_total{Page.Labels("other", "completion")}") >= saved);
        }
    }

    [Theory]
    [InlineData("changed", "damaged")]
    [InlineData("short", "damaged")]
    [InlineData("empty", "damaged")]
    [InlineData("missing", "damaged")]
    [InlineData("link", "damaged")]
    [InlineData("foreign", "refused")]
    public async Task A_file_that_is_not_the_saved_one_is_not_restored_and_the_prompt_is_computed(string fault, string result)
    {
        Answer cold;
        await using (DaemonFixture daemon = await StartAsync(On))
            cold = await AskAsync(daemon, "other", Prompt(300, seed: 1));
        await DamageAsync(Assert.Single(Directory.GetFiles(Contexts, "*.kv")), fault);

        await using (DaemonFixture daemon = await StartAsync(On))
        {
            Answer again = await AskAsync(daemon, "other", Prompt(300, seed: 1));
            Assert.Equal((0, cold.Text), (again.Cached, again.Text));
            await WaitForPageAsync(daemon, $"model_runner_slot_restores_total{Labels("other", result)} 1");
        }

        Assert.Equal("keep", await File.ReadAllTextAsync(_folder.PathOf("target"), Cancellation));
    }

    [Fact]
    public async Task A_context_of_another_file_or_of_other_arguments_is_not_used()
    {
        string path = Path.Join(_folder.PathOf("models"), "other.gguf");
        await using (DaemonFixture daemon = await StartAsync(On))
            await AskAsync(daemon, "other", Prompt(300, seed: 1));

        // The same bytes, but the file is another one.
        File.Delete(path);
        File.Copy(Path.Join(Repository.Root, "models", "tiny-chat.gguf"), path);
        await using (DaemonFixture daemon = await StartAsync(On, copies: false))
            Assert.Equal(0, (await AskAsync(daemon, "other", Prompt(300, seed: 1))).Cached);
        string other = On.Replace("{ \"kvCache\"", "{ \"llamaArgs\": \"--batch-size 64\", \"kvCache\"", StringComparison.Ordinal);
        await using (DaemonFixture daemon = await StartAsync(other, copies: false))
            Assert.Equal(0, (await AskAsync(daemon, "other", Prompt(300, seed: 1))).Cached);
        await using (DaemonFixture daemon = await StartAsync(On, copies: false))
            Assert.True((await AskAsync(daemon, "other", Prompt(300, seed: 1))).Cached > 500);
    }

    [Fact]
    public async Task A_purge_removes_the_contexts_of_a_model()
    {
        await using DaemonFixture daemon = await StartAsync(On);
        await AskAsync(daemon, "other", Prompt(200, seed: 1));
        await AskAsync(daemon, "tiny-chat", Prompt(200, seed: 1));
        (int exitCode, string output, _) = await daemon.RunClientAsync(_folder.Path, "unload", "--host", $"unix:{daemon.SocketPath}", "tiny-chat", "--purge");

        Assert.Equal((0, "Unloaded 1 runner.\nRemoved 1 saved context.\n"), (exitCode, output));
        Assert.Single(Directory.GetFiles(Contexts, "*.kv"));
        Assert.Equal(0, (await AskAsync(daemon, "tiny-chat", Prompt(200, seed: 1))).Cached);
        (_, JsonElement body) = await daemon.PostAsync("engines/unload", """{"all":true,"purge":true}""");
        Assert.Equal(2, body.GetProperty("removed_contexts").GetInt32());
        Assert.Empty(Directory.GetFiles(Contexts));
        Assert.Equal(400, (await daemon.PostAsync("engines/unload", """{"all":true,"backend":"llama.cpp","purge":true}""")).Status);
    }

    [Fact]
    public async Task A_full_disk_and_a_folder_without_access_cost_no_answer()
    {
        string limit = On.Replace("\"persist\": true", "\"persist\": true, \"maxBytes\": \"1MiB\"", StringComparison.Ordinal);
        await using (DaemonFixture daemon = await StartAsync(limit))
        {
            Assert.Equal(0, (await AskAsync(daemon, "tiny-chat", Prompt(1000, seed: 1))).Cached);
            await daemon.PostAsync("engines/unload", """{"all":true}""");
            await WaitForPageAsync(daemon, $"model_runner_slot_saves_total{Labels("tiny-chat", "too_large")} 1");
            Assert.Empty(Directory.GetFiles(Contexts, "*.kv"));
        }

        // Root may write everywhere, but not to a file in place of the folder.
        Directory.Delete(Contexts, recursive: true);
        await File.WriteAllTextAsync(Contexts, "keep", Cancellation);
        await using (DaemonFixture daemon = await StartAsync(On))
        {
            Assert.Equal(0, (await AskAsync(daemon, "tiny-chat", Prompt(200, seed: 1))).Cached);
            JsonElement shown = Assert.Single(await daemon.RunnersAsync()).GetProperty("kv_cache");
            Assert.Equal("the folder for contexts cannot be used", shown.GetProperty("problem").GetString());
        }

        Assert.Equal("keep", await File.ReadAllTextAsync(Contexts, Cancellation));
    }

    [Fact]
    public async Task A_full_file_system_costs_no_answer()
    {
        Prerequisite.Require(Environment.UserName == "root" ? "root" : null, "Only root can mount a small file system.");
        Directory.CreateDirectory(Path.GetDirectoryName(Contexts)!);
        await using SmallFileSystem disk = await SmallFileSystem.MountAsync(Contexts);
        File.SetUnixFileMode(Contexts, OnlyOwner | UnixFileMode.UserExecute);
        await using DaemonFixture daemon = await StartAsync(On);
        Answer cold = await AskAsync(daemon, "tiny-chat", Prompt(1000, seed: 1));
        await AskAsync(daemon, "other", Prompt(20, seed: 2));
        Answer again = await AskAsync(daemon, "tiny-chat", Prompt(1000, seed: 1));

        Assert.Equal((0, cold.Text), (again.Cached, again.Text));
        await WaitForPageAsync(daemon, $"model_runner_slot_saves_total{Labels("tiny-chat", "no_space")} 1");
        Assert.Empty(Directory.GetFiles(Contexts, "*.kv"));
        Assert.Empty(Directory.GetFiles(Contexts, "*.part"));
        await daemon.EndWellAsync();
    }

    private static (int Status, long Count) Unloaded((int Status, JsonElement Body) response) =>
        (response.Status, response.Body.GetProperty("unloaded_runners").GetInt64());

    private static string Labels(string model, string result) => Page.Labels(model, "completion").TrimEnd('}') + $",result=\"{result}\"}}";

    private static Task<string> PageOf(DaemonFixture daemon) => daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

    private static Task WaitForPageAsync(DaemonFixture daemon, string line) => DaemonFixture.WaitUntilAsync(
        async () => (await PageOf(daemon)).Contains("\n" + line + "\n", StringComparison.Ordinal), TimeSpan.FromSeconds(20));

    private static string Prompt(int words, int seed)
    {
        string[] known = Words.Split(' ');
        var random = new Random(seed);
        return string.Join(' ', Enumerable.Range(0, words).Select(_ => known[random.Next(known.Length)]));
    }

    private async Task DamageAsync(string file, string fault)
    {
        string target = _folder.Write("target", "keep");
        byte[] content = await File.ReadAllBytesAsync(file, Cancellation);
        switch (fault)
        {
            case "changed":
                content[content.Length / 2] ^= 1;
                await File.WriteAllBytesAsync(file, content, Cancellation);
                break;
            case "short":
                await File.WriteAllBytesAsync(file, content[..(content.Length / 2)], Cancellation);
                break;
            case "empty":
                await File.WriteAllBytesAsync(file, [], Cancellation);
                break;
            case "missing":
                File.Delete(file);
                break;
            case "link":
                File.Delete(file);
                File.CreateSymbolicLink(file, target);
                break;
            case "foreign":
                // A file that belongs to its description, but that is no context.
                byte[] other = [.. Enumerable.Range(0, 5000).Select(static number => (byte)number)];
                await File.WriteAllBytesAsync(file, other, Cancellation);
                string description = Path.ChangeExtension(file, "json");
                using (var old = JsonDocument.Parse(await File.ReadAllTextAsync(description, Cancellation)))
                {
                    string text = old.RootElement.GetRawText()
                        .Replace($"\"bytes\":{content.Length}", "\"bytes\":5000", StringComparison.Ordinal)
                        .Replace($"\"crc32c\":{old.RootElement.GetProperty("crc32c").GetUInt32()}", $"\"crc32c\":{Checksum(other)}", StringComparison.Ordinal);
                    await File.WriteAllTextAsync(description, text, Cancellation);
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault), fault, "There is no such fault.");
        }
    }

    // CRC-32C bit by bit.
    private static uint Checksum(byte[] data)
    {
        uint checksum = uint.MaxValue;
        foreach (byte one in data)
        {
            checksum ^= one;
            for (int bit = 0; bit < 8; bit++)
                checksum = (checksum >> 1) ^ ((checksum & 1) * 0x82F63B78);
        }

        return ~checksum;
    }

    // The fixture writes tiny-chat again at each start, so its file is another one then. The file of the model "other" stays.
    private async Task<DaemonFixture> StartAsync(string configuration, bool copies = true)
    {
        string models = Directory.CreateDirectory(_folder.PathOf("models")).FullName;
        string other = Path.Join(models, "other.gguf");
        if (copies && !File.Exists(other))
            File.Copy(Path.Join(Repository.Root, "models", "tiny-chat.gguf"), other);
        return await DemoDaemon.StartAsync(RealLlamaServer.Require(), new DaemonSetup { Configuration = configuration, Folder = _folder });
    }

    private static async Task<Answer> AskAsync(DaemonFixture daemon, string model, string prompt)
    {
        string body = $$"""{"model":"{{model}}","prompt":"{{prompt}}","max_tokens":8,"temperature":0,"ignore_eos":true,"stream":true}""";
        long began = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await daemon.StreamAsync("v1/completions", body);
        Assert.Equal(200, (int)response.StatusCode);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        TimeSpan? first = null;
        string text = "";
        JsonElement timings = default;
        while (await lines.ReadLineAsync(Cancellation) is { } line)
        {
            if (!line.StartsWith("data: {", StringComparison.Ordinal))
                continue;
            first ??= Stopwatch.GetElapsedTime(began);
            using var part = JsonDocument.Parse(line.AsMemory("data: ".Length));
            text += part.RootElement.GetProperty("choices")[0].GetProperty("text").GetString();
            if (part.RootElement.TryGetProperty("timings", out JsonElement found))
                timings = found.Clone();
        }

        return new Answer(
            timings.GetProperty("cache_n").GetInt64(), timings.GetProperty("prompt_n").GetInt64(), timings.GetProperty("prompt_ms").GetDouble(),
            first!.Value, text);
    }

    private sealed record Answer(long Cached, long Computed, double PromptMilliseconds, TimeSpan FirstToken, string Text);
}
