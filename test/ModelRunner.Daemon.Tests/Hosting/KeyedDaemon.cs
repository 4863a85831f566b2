using System.Net;
using System.Text;
using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>A real daemon with named keys, and requests to its port.</summary>
internal static class KeyedDaemon
{
    public const string Chat = "v1/chat/completions";
    public const string Body = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two three"}],"max_tokens":4}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A key with its name: the key of ada is <c>key-of-ada</c>.</summary>
    /// <param name="name">The name.</param>
    /// <param name="more">More members, with a comma before each.</param>
    public static string Key(string name, string more = "") => $$"""  "{{name}}": { "sha256": "{{KeyDigest.Of(KeyOf(name))}}"{{more}} }""";

    public static string KeyOf(string name) => $"key-of-{name}";

    /// <summary>A configuration with these keys.</summary>
    public static string Configuration(params IEnumerable<string> keys) => $$"""{ "keys": { {{string.Join(",\n", keys)}} } }""";

    public static Task<DaemonFixture> StartAsync(params IEnumerable<string> keys) =>
        DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true, Configuration = Configuration(keys) });

    /// <summary>Sends a request to the port.</summary>
    /// <param name="daemon">The daemon.</param>
    /// <param name="path">The path.</param>
    /// <param name="key">The key; null: none.</param>
    /// <param name="body">The body of a POST; null: it is a GET.</param>
    public static async Task<KeyedResponse> SendAsync(DaemonFixture daemon, string path, string? key, string? body = null)
    {
        using var client = new HttpClient { BaseAddress = daemon.TcpAddress, Timeout = DaemonFixture.Patience };
        return await SendAsync(client, path, key, body);
    }

    /// <inheritdoc cref="SendAsync(DaemonFixture, string, string?, string?)"/>
    public static async Task<KeyedResponse> SendAsync(HttpClient client, string path, string? key, string? body = null)
    {
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        using HttpResponseMessage response = await client.SendAsync(request, Cancellation);
        return new KeyedResponse(
            response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation), response.Headers.RetryAfter?.Delta,
            response.Headers.TryGetValues("x-should-retry", out IEnumerable<string>? retry) ? retry.Single() : null);
    }

    /// <summary>The rows of <c>GET /usage</c>, by the name that a row has.</summary>
    public static async Task<IReadOnlyDictionary<string, JsonElement>> UsageAsync(DaemonFixture daemon, string by = "key") =>
        (await daemon.GetAsync($"usage?by={by}")).GetProperty("rows").EnumerateArray()
            .ToDictionary(row => row.GetProperty(by).GetString()!, StringComparer.Ordinal);

    /// <summary>Asserts a refusal with its sentence and its code.</summary>
    public static void AssertRefused(KeyedResponse response, HttpStatusCode status, string code, string message)
    {
        Assert.Equal(status, response.Status);
        using var document = JsonDocument.Parse(response.Text);
        JsonElement error = document.RootElement.GetProperty("error");
        Assert.Equal(message, error.GetProperty("message").GetString());
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.NotNull(error.GetProperty("type").GetString());
    }
}
