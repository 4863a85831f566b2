using System.Net;
using System.Text;
using System.Text.Json;
using ModelRunner.LlamaHost.Tests.Processes;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Http;

/// <summary>A llama-host that may use 128 MiB: large requests are refused, and it lives.</summary>
public sealed class SmallMemoryTests(SmallMemoryHostFixture fixture) : IClassFixture<SmallMemoryHostFixture>
{
    private const int Megabyte = 1 << 20;

    private readonly HostProcess _host = fixture.Host;

    public static TheoryData<string, int, string> Refused => new()
    {
        { "/v1/chat/completions {\"messages\":[{\"role\":\"user\",\"content\":\"" + Repeat("a", 9 * Megabyte) + "\"}]}", 413, "larger than 8388608 bytes" },
        { "/v1/chat/completions {\"x\":[" + Repeat("[],", 2 * Megabyte) + "0]}", 413, "more than 699050 values" },
        { "/v1/chat/completions {\"messages\":[" + Messages(1024) + "]}", 400, "1025 messages" },
        { "/apply-template {\"messages\":[" + Messages(100_000) + "]}", 400, "100001 messages" },
        { "/v1/chat/completions {\"messages\":[" + Messages(1) + "],\"tools\":[\"" + Repeat("a", Megabyte) + "\"]}", 413, "at most 262144" },
        { "/apply-template {\"messages\":[{\"role\":\"user\",\"content\":\"" + Repeat("a", Megabyte) + "\"}]}", 413, "at most 262144" },
        { "/v1/completions {\"prompt\":[" + Repeat("\"a\",", 250_000) + "\"a\"]}", 400, "at most 128" },
        { "/tokenize {\"content\":\"" + Repeat("a", Megabyte) + "\"}", 413, "at most 262144" },
        { "/tokenize {\"content\":[" + Repeat("\"abcdefgh\",", 100_000) + "\"a\"]}", 413, "at most 262144" },
        { "/detokenize {\"tokens\":[" + Repeat("97,", 300_000) + "97]}", 413, "at most 262144" },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public async Task A_request_that_does_not_fit_is_refused(string request, int status, string part)
    {
        string[] both = request.Split(' ', 2);

        (HttpStatusCode given, JsonElement error) = await _host.AskInVainAsync(both[0], both[1]);

        Assert.Equal(status, (int)given);
        Assert.Contains(part, error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_template_that_makes_a_prompt_too_long_is_refused_before_it_is_tokenized()
    {
        (HttpStatusCode given, JsonElement error) = await _host.AskInVainAsync(
            "/v1/chat/completions", "{\"messages\":[" + Repeat("{\"role\":\"user\",\"content\":\"" + Repeat("a", 60) + "\"},", 1000) + Messages(0) + "]}");

        Assert.Equal(HttpStatusCode.BadRequest, given);
        Assert.StartsWith("request (at least ", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_up_to_the_limit_is_tokenized()
    {
        string text = Repeat("ż", 125_000);
        JsonElement answer = await _host.AskAsync("/tokenize", $$"""{"content":"{{text}}","with_pieces":true}""");

        Assert.Equal(Encoding.UTF8.GetByteCount(text), answer.GetProperty("tokens").GetArrayLength());
    }

    private static string Messages(int more) => Repeat("{\"role\":\"user\",\"content\":\"\"},", more) + "{\"role\":\"user\",\"content\":\"\"}";

    private static string Repeat(string what, int count) => new StringBuilder().Insert(0, what, count).ToString();
}
