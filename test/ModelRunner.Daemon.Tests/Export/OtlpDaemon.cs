using System.Text;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Export;

/// <summary>A daemon whose traces or metrics a test looks at.</summary>
internal static class OtlpDaemon
{
    public const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    public const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"secret words"}],"max_tokens":3}""";
    public const string Stream = """{"model":"tiny-chat","messages":[{"role":"user","content":"secret words"}],"max_tokens":3,"stream":true}""";

    /// <summary>Sends to this receiver, and soon after the end of a span.</summary>
    public static DaemonSetup Setup(string address, params (string Name, string Value)[] more)
    {
        var variables = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            [Endpoint] = address, ["OTEL_BSP_SCHEDULE_DELAY"] = "100", ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
        };
        foreach ((string name, string value) in more)
            variables[name] = value;
        return new DaemonSetup { Environment = variables };
    }

    /// <summary>Sends a chat request with a trace context.</summary>
    public static async Task<int> ChatAsync(DaemonFixture daemon, string body = Chat, string? parent = null, string? state = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (parent is not null)
            request.Headers.TryAddWithoutValidation("traceparent", parent);
        if (state is not null)
            request.Headers.TryAddWithoutValidation("tracestate", state);
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, TestContext.Current.CancellationToken);
        await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (int)response.StatusCode;
    }

    /// <summary>The value of a header of the last request that the one runner got; null: it has no such header.</summary>
    public static async Task<string?> RunnerHeaderAsync(DaemonFixture daemon, string name)
    {
        using HttpClient runner = DaemonFixture.RunnerClient(await daemon.RunnerProcessAsync());
        using var document = JsonDocument.Parse(await runner.GetStringAsync(new Uri("stub/requests", UriKind.Relative)));
        JsonElement last = document.RootElement.GetProperty("requests").EnumerateArray()
            .Last(static request => request.GetProperty("target").GetString() == "/v1/chat/completions");
        return last.GetProperty("headers").EnumerateArray().Select(static header => header.GetString()!)
            .Where(header => header.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))
            .Select(header => header[(name.Length + 2)..]).SingleOrDefault();
    }

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    public static JsonElement Attribute(this JsonElement element, string name) => element.GetProperty("attributes").GetProperty(name);

    public static bool HasAttribute(this JsonElement element, string name) => element.GetProperty("attributes").TryGetProperty(name, out _);
}
