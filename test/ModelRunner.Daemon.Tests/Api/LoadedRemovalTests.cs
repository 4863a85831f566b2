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
        }.WithFaults("""{"token_delay_ms":50}"""));
        await daemon.CommandAsync("package", "--gguf", Path.Join(Repository.Root, "models/tiny-chat.gguf"), "me/busy:v1");
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
