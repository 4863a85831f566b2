using System.Net;
using System.Text.RegularExpressions;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The cost of a request in the response of the real daemon.</summary>
public sealed partial class UsageHeaderTests
{
    private const string Chat = "v1/chat/completions";
    private const string Name = "X-Model-Runner-Usage";
    private const string Body = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two three"}],"max_tokens":5}""";
    private const string Stream = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two three"}],"max_tokens":5,"stream":true}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_small_response_has_a_header_with_the_counts_and_the_load()
    {
        await using DaemonFixture daemon = await StartAsync("""{"load_delay_ms":300,"cached_tokens":1}""");
        string first = await HeaderAsync(daemon, Chat, Body);
        string second = await HeaderAsync(daemon, Chat, Body);

        Match match = Pattern().Match(first);
        Assert.True(match.Success, first);
        Assert.Equal("prompt=2, cached=1, generated=5", match.Groups["counts"].Value);
        Assert.InRange(int.Parse(match.Groups["load"].Value, System.Globalization.CultureInfo.InvariantCulture), 300, 60_000);
        match = Pattern().Match(second);
        Assert.Equal(("prompt=2, cached=1, generated=5", "0"), (match.Groups["counts"].Value, match.Groups["load"].Value));
        Assert.StartsWith("prompt=1, cached=0, generated=0, queue_ms=", await HeaderAsync(daemon, "v1/embeddings", """{"model":"tiny-embed","input":"a"}"""), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Counts_that_are_not_known_are_left_out_and_a_cut_prompt_is_told_and_counted()
    {
        await using DaemonFixture daemon = await StartAsync("""{"omit_usage":1,"truncated":1}""");

        Assert.Matches("^queue_ms=[0-9]+, load_ms=[0-9]+, truncated$", await HeaderAsync(daemon, Chat, Body));
        Assert.Equal(1, (await AccountedPage.ReadAsync(daemon)).Sum("model_runner_truncated_responses_total"));
    }

    [Theory]
    [InlineData("1.1", true, true)]
    [InlineData("1.1", false, false)]
    [InlineData("2.0", false, true)]
    public async Task A_stream_has_a_trailer_if_the_client_can_read_one(string version, bool asks, bool expected)
    {
        await using DaemonFixture daemon = await StartAsync("{}");
        using var content = new StringContent(Stream);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(daemon.TcpAddress, Chat))
        {
            Content = content, Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (asks)
            request.Headers.TE.ParseAdd("trailers");
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.False(response.Headers.Contains(Name));
        Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);

        string trailer = response.TrailingHeaders.TryGetValues(Name, out IEnumerable<string>? values) ? string.Join('|', values) : "";
        Assert.Equal(expected, trailer.StartsWith("prompt=3, cached=0, generated=5, queue_ms=", StringComparison.Ordinal));
        Assert.Equal(expected, trailer.Length > 0);
    }

    [Fact]
    public async Task A_large_response_is_not_held_back_and_is_unchanged()
    {
        await using DaemonFixture daemon = await StartAsync("{}");
        string body = Body.Replace("\"max_tokens\":5", "\"max_tokens\":5000", StringComparison.Ordinal);
        using HttpResponseMessage response = await daemon.SendAsync(Chat, body, HttpCompletionOption.ResponseContentRead, Cancellation);

        Assert.False(response.Headers.Contains(Name));
        Assert.Contains("word4999 word5000\"", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_is_passed_on_before_the_next_one_exists()
    {
        await using DaemonFixture daemon = await StartAsync("""{"token_delay_ms":100}""");
        using var request = new HttpRequestMessage(HttpMethod.Post, Chat)
        {
            Content = new StringContent(Stream.Replace("\"max_tokens\":5", "\"max_tokens\":100000", StringComparison.Ordinal)),
        };
        request.Headers.TE.ParseAdd("trailers");
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));

        Assert.Contains("word1\"", await reader.ReadLineAsync(Cancellation), StringComparison.Ordinal);
    }

    private static Task<DaemonFixture> StartAsync(string faults) => DaemonFixture.StartAsync(
        new DaemonSetup { HasTcp = true, Configuration = """{ "metrics": { "minInterval": "0s" } }""" }.WithFaults(faults));

    private static async Task<string> HeaderAsync(DaemonFixture daemon, string path, string body)
    {
        using HttpResponseMessage response = await daemon.SendAsync(path, body, HttpCompletionOption.ResponseContentRead, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return Assert.Single(response.Headers.GetValues(Name));
    }

    [GeneratedRegex("^(?<counts>.*), queue_ms=[0-9]+, load_ms=(?<load>[0-9]+)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Pattern();
}
