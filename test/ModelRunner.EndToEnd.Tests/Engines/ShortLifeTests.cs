using System.Net;
using System.Text.Json;
using ModelRunner.EndToEnd.Tests.Support;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Engines;

/// <summary>Runners of the real llama-server that no scrape sees, because they live between two scrapes.</summary>
public sealed class ShortLifeTests
{
    private const int Requests = 100;
    private const int Lives = 10;
    private const string Chat = "v1/chat/completions";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_requests_and_tokens_are_on_the_page_after_their_runners_have_ended()
    {
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(RealLlamaServer.Require());
        (long prompt, long generated) = (0, 0);
        for (int life = 0; life < Lives; life++)
        {
            for (int i = 0; i < Requests / Lives; i++)
            {
                (int status, JsonElement body) = await daemon.PostAsync(
                    Chat, $$"""{"model":"tiny-chat","messages":[{"role":"user","content":"Request {{life}} {{i}}"}],"max_tokens":{{1 + (i % 5)}} }""");
                Assert.Equal((int)HttpStatusCode.OK, status);
                JsonElement usage = body.GetProperty("usage");
                prompt += usage.GetProperty("prompt_tokens").GetInt64();
                generated += usage.GetProperty("completion_tokens").GetInt64();
            }

            await daemon.PostAsync("engines/unload", """{"all":true}""");
            Assert.Empty(await daemon.RunnersAsync());
        }

        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
        Assert.Equal(Requests, Page.Value(page, Series("requests_total", "outcome=\"completed\",status_class=\"2xx\"")));
        Assert.Equal(generated, Page.Value(page, Series("tokens_total", "type=\"generated\"")));
        double cached = page.Contains("type=\"cached\"", StringComparison.Ordinal) ? Page.Value(page, Series("tokens_total", "type=\"cached\"")) : 0;
        Assert.Equal(prompt, Page.Value(page, Series("tokens_total", "type=\"prompt\"")) + cached);
        Assert.Equal(Lives, Page.Value(page, Series("loads_total", "result=\"loaded\"")));
        Assert.Equal(Lives, Page.Value(page, Series("stops_total", "reason=\"unloaded\"")));
        Assert.InRange(generated, Requests, 3 * Requests);
    }

    private static string Series(string name, string label) => $"model_runner_{name}{Page.Labels("tiny-chat", "completion")[..^1]},{label}}}";
}
