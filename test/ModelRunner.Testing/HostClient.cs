using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace ModelRunner.Testing;

/// <summary>Requests in one line each.</summary>
internal static class HostClient
{
    public static string Chat(string question, string more = "") =>
        $$"""{"messages":[{"role":"user","content":"{{question}}"}],"temperature":0{{more}}}""";

    public static async Task<HttpResponseMessage> PostAsync(
        this HostProcess host, string path, string json, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative))
        {
            Content = new StringContent(json, Encoding.UTF8, MediaTypeHeaderValue.Parse("application/json")),
        };
        return await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    /// <summary>Posts and reads the JSON of a good answer.</summary>
    public static async Task<JsonElement> AskAsync(this HostProcess host, string path, string json)
    {
        using HttpResponseMessage response = await host.PostAsync(path, json);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        return JsonDocument.Parse(body).RootElement;
    }

    /// <summary>Posts and reads the member <c>error</c> of a refusal.</summary>
    public static async Task<(HttpStatusCode Status, JsonElement Error)> AskInVainAsync(this HostProcess host, string path, string json)
    {
        using HttpResponseMessage response = await host.PostAsync(path, json);
        string body = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, JsonDocument.Parse(body).RootElement.GetProperty("error"));
    }

    /// <summary>Posts and reads all events of a stream, as they are after <c>data: </c>.</summary>
    public static async Task<IReadOnlyList<string>> StreamAsync(this HostProcess host, string path, string json)
    {
        using HttpResponseMessage response = await host.PostAsync(path, json);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        string body = await response.Content.ReadAsStringAsync();
        return [.. body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(line => line["data: ".Length..])];
    }

    /// <summary>Reads one metric of the page.</summary>
    public static async Task<double> MetricAsync(this HostProcess host, string name)
    {
        string page = await host.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        string line = page.Split('\n').Single(line => line.StartsWith($"llamacpp:{name} ", StringComparison.Ordinal));
        return double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>Reads one metric until it has a value; fails after a long time.</summary>
    public static async Task WaitForMetricAsync(this HostProcess host, string name, double value)
    {
        using var limit = new CancellationTokenSource(HostProcess.Limit);
        while (await host.MetricAsync(name) != value)
            await Task.Delay(5, limit.Token);
    }
}
