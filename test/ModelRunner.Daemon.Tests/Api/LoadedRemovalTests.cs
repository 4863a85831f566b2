using System.Net;
using System.Text;
using ModelRunner.Daemon.Tests.Hosting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The removal of a model that answers a request.</summary>
public sealed class LoadedRemovalTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_refusal_names_the_keys_that_use_the_model_now()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true, Configuration = KeyedDaemon.Configuration(KeyedDaemon.Key("bob"), KeyedDaemon.Key("ada")),
        });
        await PackageAsync(daemon, "me/busy:v1", """{"token_delay_ms":50}""");
        using var client = new HttpClient { BaseAddress = daemon.TcpAddress };
        HttpResponseMessage[] streams = [await BeginAsync(client, "bob"), await BeginAsync(client, "ada"), await BeginAsync(client, "bob")];

        (int code, _, string error) = await daemon.RunClientAsync(daemon.FolderPath, "rm", "me/busy:v1");
        Assert.Equal(1, code);
        Assert.Contains(
            "the model \"me/busy:v1\" is loaded (running requests: 3 with the keys ada, bob); unload it first, or add --force", error, StringComparison.Ordinal);

        foreach (HttpResponseMessage stream in streams)
            stream.Dispose();
        await DaemonFixture.WaitUntilAsync(
            async () => (await daemon.RunClientAsync(daemon.FolderPath, "rm", "me/busy:v1")).Error.Contains("(running requests: 0)", StringComparison.Ordinal),
            DaemonFixture.Patience);
    }

    /// <summary>It has no process that uses the file.</summary>
    [Fact]
    public async Task A_model_whose_start_failed_is_not_loaded()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await PackageAsync(daemon, "me/broken:v1", """{"exit_at_start":1}""");
        Assert.NotEqual(200, (await daemon.PostAsync("v1/chat/completions", """{"model":"me/broken:v1","messages":[]}""")).Status);
        Assert.Equal("failed", Assert.Single(await daemon.RunnersAsync()).GetProperty("state").GetString());

        (int code, _, string error) = await daemon.RunClientAsync(daemon.FolderPath, "rm", "me/broken:v1");

        Assert.True(code == 0, error);
    }

    private static async Task PackageAsync(DaemonFixture daemon, string name, string faults)
    {
        await daemon.CommandAsync("package", "--gguf", Path.Join(Repository.Root, "models/tiny-chat.gguf"), name);
        string weights = Directory.EnumerateFiles(Path.Join(daemon.FolderPath, "models/store/blobs/sha256")).MaxBy(static path => new FileInfo(path).Length)!;
        await File.WriteAllTextAsync(weights + ".stub.json", faults, Token);
    }

    private static async Task<HttpResponseMessage> BeginAsync(HttpClient client, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, KeyedDaemon.Chat)
        {
            Content = new StringContent("""{"model":"me/busy:v1","messages":[],"max_tokens":10000,"stream":true}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {KeyedDaemon.KeyOf(key)}");
        HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response;
    }
}
