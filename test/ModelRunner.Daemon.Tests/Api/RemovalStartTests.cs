using System.Net;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>A model is removed while a runner that needs its file is started. Either the removal is refused, or the runner is not started; nothing crashes.</summary>
public sealed class RemovalStartTests
{
    private const int Rounds = 16;
    private const string Draft = """{ "models": { "tiny-chat": { "draft": { "model": "me/small:v1" } } } }""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("me/small:v1", "")]
    [InlineData("tiny-chat", Draft)]
    [InlineData("tiny-chat", Draft, "?force=true")]
    public async Task No_runner_is_started_without_its_file(string model, string configuration, string query = "")
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = configuration.Length > 0 ? configuration : null });
        await PackageAsync(daemon);
        byte[] archive = await daemon.Client.GetByteArrayAsync(new Uri("models/me/small:v1/export", UriKind.Relative), Token);
        int refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            Task<(int Status, JsonElement Body)> chat;
            Task<HttpStatusCode> removal;
            if (round % 2 == 0)
            {
                removal = DeleteAsync(daemon, query);
                await Task.Delay(TimeSpan.FromMilliseconds(round / 4.0), Token);
                chat = AskAsync(daemon, model);
            }
            else
            {
                chat = AskAsync(daemon, model);
                await Task.Delay(TimeSpan.FromMilliseconds(round / 8.0), Token);
                removal = DeleteAsync(daemon, query);
            }

            HttpStatusCode removed = await removal;
            Assert.True(removed is HttpStatusCode.OK or HttpStatusCode.Conflict, $"the removal got {removed}");
            (int status, JsonElement body) = await chat;
            string code = status == 200 ? "" : body.GetProperty("error").GetProperty("code").GetString()!;
            Assert.Contains((status, code), new[] { (200, ""), (404, "model_not_found"), (500, "model_unusable"), (503, "unloading") });
            refused += status == 200 ? 0 : 1;

            await daemon.PostAsync("engines/unload", """{"all":true}""");
            if (removed == HttpStatusCode.OK)
            {
                using var content = new ByteArrayContent(archive);
                using HttpResponseMessage loaded = await daemon.Client.PostAsync(
                    new Uri("models/load?name=me/small:v1", UriKind.Relative), content, Token);
                Assert.Equal(HttpStatusCode.OK, loaded.StatusCode);
            }
        }

        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Token);
        Assert.DoesNotMatch("""(?m)^model_runner_crashes_total\{[^}]*\} [1-9]""", page);
        Assert.DoesNotMatch("""(?m)^model_runner_stops_total\{[^}]*reason="model_missing"[^}]*\} [1-9]""", page);
        TestContext.Current.TestOutputHelper?.WriteLine($"{refused} of {Rounds} requests were refused");
    }

    [Fact]
    public async Task A_request_that_waits_for_a_place_is_refused_when_its_model_was_removed_meanwhile()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = """{ "limits": { "maxRunners": 1 } }""" }.WithFaults("""{"token_delay_ms": 50}"""));
        await PackageAsync(daemon);
        using (HttpResponseMessage stream = await daemon.StreamAsync(
            "v1/chat/completions", """{"model":"tiny-chat","messages":[],"max_tokens":100000,"stream":true}"""))
        {
            await daemon.BusyRunnerProcessAsync();
            Task<(int Status, JsonElement Body)> chat = AskAsync(daemon, "me/small:v1");
            await daemon.WaitForPageAsync("""model_runner_requests_queued{backend="llama.cpp",model="me/small:v1",mode="completion"} 1""");
            Assert.Equal(HttpStatusCode.OK, await DeleteAsync(daemon, ""));
            stream.Dispose();

            (int status, JsonElement body) = await chat;

            Assert.Equal((500, "model_unusable"), (status, body.GetProperty("error").GetProperty("code").GetString()));
            Assert.Contains("was removed while the request waited", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        }

        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Token);
        Assert.DoesNotMatch("""(?m)^model_runner_crashes_total\{[^}]*\} [1-9]""", page);
        Assert.DoesNotContain((await daemon.RunnersAsync()), static runner => runner.GetProperty("model").GetString() == "me/small:v1");

        // The same name works again at once.
        await PackageAsync(daemon);
        Assert.Equal(200, (await AskAsync(daemon, "me/small:v1")).Status);
    }

    // With bytes that no other model has.
    private static async Task PackageAsync(DaemonFixture daemon)
    {
        string file = Path.Join(daemon.FolderPath, "small.bin");
        byte[] bytes = await File.ReadAllBytesAsync(Path.Join(Repository.Root, "models/tiny-chat.gguf"), Token);
        await File.WriteAllBytesAsync(file, [.. bytes, 0, 0, 0, 0], Token);
        await daemon.CommandAsync("package", "--gguf", file, "me/small:v1");
    }

    private static Task<(int Status, JsonElement Body)> AskAsync(DaemonFixture daemon, string model) => daemon.PostAsync(
        "v1/chat/completions", $$"""{"model":"{{model}}","messages":[{"role":"user","content":"hi"}],"max_tokens":1}""");

    private static async Task<HttpStatusCode> DeleteAsync(DaemonFixture daemon, string query)
    {
        using HttpResponseMessage response = await daemon.Client.DeleteAsync(new Uri("models/me/small:v1" + query, UriKind.Relative), Token);
        return response.StatusCode;
    }
}
