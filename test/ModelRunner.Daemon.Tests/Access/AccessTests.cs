using System.Net;
using System.Text;
using ModelRunner.Daemon.Access;
using ModelRunner.Daemon.Tests.Checks;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Access;

public sealed class AccessTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static readonly string[] Routes =
    [
        "", "version", "health", "metrics", "v1/models", "models", "engines/ps", "engines/status", "engines/unload",
        "v1/chat/completions", "nope",
    ];

    [Fact]
    public async Task Check_40_A_rebound_host_name_is_refused_on_all_routes()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true });
        foreach (string route in Routes)
        {
            Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(daemon, HttpMethod.Post, route, "Host", "evil.example"));
            Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(daemon, HttpMethod.Get, route, "Host", "evil.example:80"));
        }

        Assert.Empty(ProcessTable.ChildrenOf(daemon.ProcessId));
        Figures.Print($"{2 * Routes.Length} requests, 0 effects");
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("http://localhost:3000")]
    [InlineData("null")]
    public async Task Check_40_An_origin_that_is_not_allowed_is_refused_on_all_routes(string origin)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true });
        foreach (string route in Routes)
        {
            foreach (HttpMethod method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Post, HttpMethod.Options])
                Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(daemon, method, route, "Origin", origin));
        }

        Assert.Empty(ProcessTable.ChildrenOf(daemon.ProcessId));
        Figures.Print($"{3 * Routes.Length} requests with the origin {origin}, 0 effects");
    }

    [Fact]
    public async Task An_allowed_origin_can_send_requests_and_read_responses()
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

    [Theory]
    [InlineData("user-agent,x-stainless-helper-method,openai-beta,idempotency-key,http-referer,x-title",
        "user-agent, x-stainless-helper-method, openai-beta, idempotency-key, http-referer, x-title")]
    [InlineData("content-type", "content-type")]
    public async Task An_allowed_origin_can_send_the_headers_that_it_requests(string asked, string allowed)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(With("DMR_ORIGINS", "http://chat.example:3000"));
        using var client = new HttpClient { BaseAddress = daemon.TcpAddress };
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "v1/chat/completions");
        preflight.Headers.Add("Origin", "http://chat.example:3000");
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        preflight.Headers.Add("Access-Control-Request-Headers", asked);
        using HttpResponseMessage answer = await client.SendAsync(preflight, Cancellation);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(allowed, string.Join(", ", answer.Headers.GetValues("Access-Control-Allow-Headers")));
        Assert.Contains("Access-Control-Request-Headers", string.Join(", ", answer.Headers.Vary), StringComparison.Ordinal);
        Assert.Contains("x-request-id", string.Join(", ", answer.Headers.GetValues("Access-Control-Expose-Headers")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_list_with_invalid_names_is_not_returned()
    {
        string usual = OriginPolicy.AllowHeaders("");

        Assert.Contains("Authorization", usual, StringComparison.Ordinal);
        Assert.Equal(usual, OriginPolicy.AllowHeaders("x-good, bad header"));
        Assert.Equal(usual, OriginPolicy.AllowHeaders("x-bad: 1"));
        Assert.Equal(usual, OriginPolicy.AllowHeaders("x-" + new string('a', 5000)));
        Assert.Equal("x-good", OriginPolicy.AllowHeaders(" x-good ,"));
    }

    [Fact]
    public async Task SEC_01_By_default_there_is_no_port_and_with_a_port_only_loopback()
    {
        await using DaemonFixture socketOnly = await DaemonFixture.StartAsync();
        await using DaemonFixture withPort = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true });

        Assert.Empty(ListeningPorts.Of(socketOnly.ProcessId));
        IPEndPoint place = Assert.Single(ListeningPorts.Of(withPort.ProcessId));
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, withPort.TcpAddress.Port), place);
        string mode = Convert.ToString((int)File.GetUnixFileMode(socketOnly.SocketPath), 8);
        Figures.Print($"check 39: {ListeningPorts.Of(socketOnly.ProcessId).Count} ports by default, {place} with a port, mode {mode} of the socket");
        Assert.Equal("600", mode);
    }

    [Fact]
    public async Task SEC_01_The_page_contains_no_keys_or_prompts_of_clients()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(With("MODEL_RUNNER_API_KEY", "secret-key-of-ada"));
        using var client = new HttpClient { BaseAddress = daemon.TcpAddress };
        using var question = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions");
        question.Headers.Add("Authorization", "Bearer secret-key-of-ada");
        question.Headers.Add("User-Agent", "agent-of-ada/1.0");
        question.Headers.Add("X-Request-Id", "request-of-ada");
        question.Content = new StringContent("""
            {"model":"tiny-chat","user":"ada@example.com","messages":[{"role":"user","content":"prompt-of-ada"}],"max_tokens":1}
            """);
        using HttpResponseMessage answer = await client.SendAsync(question, Cancellation);
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("tiny-chat:latest", page, StringComparison.Ordinal);
        Assert.DoesNotContain("ada", page.Replace("metadata", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("127.0.0.1", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SEC_02_A_scrape_needs_the_key_and_the_daemon_still_reads_its_runners()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(With("MODEL_RUNNER_API_KEY", "Open-sesame"));
        await daemon.PostAsync("v1/chat/completions", """{"model":"tiny-chat","messages":[],"max_tokens":1}""");
        using var client = new HttpClient { BaseAddress = daemon.TcpAddress };
        foreach ((string? key, string cause) in ((string?, string)[])
            [
                (null, "requires a key"), ("Bearer wrong", "the key is wrong"), ("Open-sesame", "does not begin with"), ("Bearer ", "is empty"), ("Bearer", "is empty"),
            ])
        {
            using var scrape = new HttpRequestMessage(HttpMethod.Get, "metrics");
            if (key is not null)
                scrape.Headers.Add("Authorization", key);
            using HttpResponseMessage refused = await client.SendAsync(scrape, Cancellation);

            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            Assert.Equal("Bearer", Assert.Single(refused.Headers.WwwAuthenticate).Scheme);
            string error = await refused.Content.ReadAsStringAsync(Cancellation);
            Assert.Contains(cause, error, StringComparison.Ordinal);
            Assert.Contains("where KEY is the value of the daemon's MODEL_RUNNER_API_KEY, or of apiKey in", error, StringComparison.Ordinal);
            Assert.DoesNotContain("model_runner_", error, StringComparison.Ordinal);
        }

        using var allowed = new HttpRequestMessage(HttpMethod.Get, "metrics");
        allowed.Headers.Add("Authorization", "Bearer Open-sesame");
        using HttpResponseMessage page = await client.SendAsync(allowed, Cancellation);
        string text = await page.Content.ReadAsStringAsync(Cancellation);

        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Matches("""(?m)^model_runner_up\{[^}]*model="tiny-chat:latest"[^}]*\} 1$""", text);
    }

    [Fact]
    public async Task A_key_is_accepted_as_Anthropic_clients_send_it()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(With("MODEL_RUNNER_API_KEY", "Open-sesame"));

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(daemon, HttpMethod.Get, "v1/models", "x-api-key", "Open-sesame"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(daemon, HttpMethod.Get, "v1/models", "x-api-key", "Open-sesame1"));
    }

    [Fact]
    public async Task With_a_key_only_health_needs_no_key_on_the_port()
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
