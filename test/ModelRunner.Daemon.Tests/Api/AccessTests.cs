using System.Net;
using System.Text;
using ModelRunner.Daemon.Tests.Support;

namespace ModelRunner.Daemon.Tests.Api;

public sealed class AccessTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static readonly string[] Routes =
    [
        "", "version", "health", "metrics", "v1/models", "models", "engines/ps", "engines/status", "engines/unload",
        "v1/chat/completions", "nope",
    ];

    [Fact]
    public async Task A_rebound_name_is_refused_on_every_route_before_anything_happens()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true });
        foreach (string route in Routes)
        {
            Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(daemon, HttpMethod.Post, route, "Host", "evil.example"));
            Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(daemon, HttpMethod.Get, route, "Host", "evil.example:80"));
        }

        Assert.Empty(ProcessTable.ChildrenOf(daemon.ProcessId));
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("http://localhost:3000")]
    [InlineData("null")]
    public async Task A_page_that_is_not_listed_is_refused_on_every_route_before_anything_happens(string origin)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true });
        foreach (string route in Routes)
        {
            foreach (HttpMethod method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Post, HttpMethod.Options])
                Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(daemon, method, route, "Origin", origin));
        }

        Assert.Empty(ProcessTable.ChildrenOf(daemon.ProcessId));
    }

    [Fact]
    public async Task A_page_that_is_listed_may_ask_and_read_the_answer()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(With("DMR_ORIGINS", "http://chat.example:3000"));
        using var client = new HttpClient { BaseAddress = daemon.TcpAddress };

        using var preflight = new HttpRequestMessage(HttpMethod.Options, "v1/chat/completions");
        preflight.Headers.Add("Origin", "http://chat.example:3000");
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        using HttpResponseMessage allowed = await client.SendAsync(preflight, Cancellation);
        using var question = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions");
        question.Content = new StringContent("""{"model":"tiny-chat","messages":[]}""");
        question.Headers.Add("Origin", "http://chat.example:3000");
        using HttpResponseMessage answer = await client.SendAsync(question, Cancellation);

        Assert.Equal(HttpStatusCode.NoContent, allowed.StatusCode);
        Assert.Contains("POST", string.Join(',', allowed.Headers.GetValues("Access-Control-Allow-Methods")), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("http://chat.example:3000", Assert.Single(answer.Headers.GetValues("Access-Control-Allow-Origin")));
        Assert.Equal("Origin", Assert.Single(answer.Headers.Vary));
    }

    [Fact]
    public async Task With_a_key_only_health_is_open_and_only_to_the_port()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(With("MODEL_RUNNER_API_KEY", "Open-sesame"));
        foreach (string route in Routes.Where(static route => route != "health"))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(daemon, HttpMethod.Get, route));
            foreach (string wrong in (string[])["Bearer öpen-sesame", "Bearer Open-sesame1", "Bearer ", "Basic Open-sesame"])
                Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(daemon, HttpMethod.Get, route, "Authorization", wrong));
        }

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(daemon, HttpMethod.Get, "health"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(daemon, HttpMethod.Get, "v1/models", "Authorization", "bearer Open-sesame"));
        Assert.Equal("ok", (await daemon.GetAsync("health")).GetProperty("status").GetString());
        Assert.Equal(2, (await daemon.GetAsync("models")).GetArrayLength());
    }

    private static async Task<HttpStatusCode> StatusAsync(
        DaemonFixture daemon, HttpMethod method, string route, string? name = null, string? value = null)
    {
        using var client = new HttpClient(new SocketsHttpHandler { RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8 });
        client.BaseAddress = daemon.TcpAddress;
        using var request = new HttpRequestMessage(method, route);
        if (method == HttpMethod.Post)
            request.Content = new StringContent("""{"model":"tiny-chat","messages":[],"all":true}""", Encoding.UTF8, "text/plain");
        if (name is not null)
            request.Headers.TryAddWithoutValidation(name, value);
        using HttpResponseMessage response = await client.SendAsync(request, Cancellation);
        return response.StatusCode;
    }

    private static DaemonSetup With(string name, string value) => new()
    {
        HasTcp = true, Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { [name] = value },
    };
}
