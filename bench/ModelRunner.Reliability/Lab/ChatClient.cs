using System.Net;
using System.Text;
using System.Text.Json;
using ModelRunner.ScrapeBenchmark;

namespace ModelRunner.Reliability.Lab;

/// <summary>
/// Sends chat requests and compares the responses with what the stub has to write: <c>word1 word2 …</c>, as many words as were asked for.
/// </summary>
/// <param name="limit">A response that takes longer counts as hung.</param>
internal sealed class ChatClient(TimeSpan limit)
{
    private static readonly Uri Route = new("v1/chat/completions", UriKind.Relative);

    /// <summary>Sends one request, and returns when its response has ended.</summary>
    /// <param name="client">Over which transport.</param>
    /// <param name="request">The request.</param>
    /// <param name="begun">Completed with the first event of a stream.</param>
    public async Task<Answer> AskAsync(HttpClient client, ChatRequest request, TaskCompletionSource? begun = null)
    {
        TimeSpan started = Clock.Now;
        using var patience = new CancellationTokenSource(limit);
        (AnswerKind kind, string detail) = await TrySendAsync(client, request, begun, patience.Token);
        return new Answer(kind, detail, request.Model, started, Clock.Now);
    }

    private static async Task<(AnswerKind Kind, string Detail)> TrySendAsync(
        HttpClient client, ChatRequest request, TaskCompletionSource? begun, CancellationToken cancellation)
    {
        try
        {
            return await SendAsync(client, request, begun, cancellation);
        }
        catch (OperationCanceledException)
        {
            return (AnswerKind.Hung, "no end of the response");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            return (AnswerKind.Broken, $"{failure.Message} {failure.InnerException?.Message}");
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or BenchmarkException)
        {
            return (AnswerKind.Wrong, failure.Message);
        }
    }

    private static async Task<(AnswerKind Kind, string Detail)> SendAsync(
        HttpClient client, ChatRequest request, TaskCompletionSource? begun, CancellationToken cancellation)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, Route) { Content = new StringContent(request.Body, Encoding.UTF8, "application/json") };
        using HttpResponseMessage response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.StatusCode != HttpStatusCode.OK)
            return (AnswerKind.Refused, $"{(int)response.StatusCode} {ErrorOf(await response.Content.ReadAsStringAsync(cancellation))}");
        if (request.IsStream)
            return await ReadStreamAsync(response, request, begun, cancellation);

        using var body = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation));
        Check(body.RootElement, request);
        string text = body.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
        return request.Compare(text);
    }

    private static async Task<(AnswerKind Kind, string Detail)> ReadStreamAsync(
        HttpResponseMessage response, ChatRequest request, TaskCompletionSource? begun, CancellationToken cancellation)
    {
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancellation);
        using var reader = new StreamReader(stream);
        var text = new StringBuilder();
        int events = 0;
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal))
                continue;
            string data = line["data: ".Length..];
            if (data == "[DONE]")
                return request.Compare(text.ToString());

            using var chunk = JsonDocument.Parse(data);
            if (chunk.RootElement.TryGetProperty("error", out _))
                return (AnswerKind.Refused, $"event {ErrorOf(data)}");
            Check(chunk.RootElement, request);
            JsonElement choices = chunk.RootElement.GetProperty("choices");
            if (choices.GetArrayLength() > 0 && choices[0].GetProperty("delta").TryGetProperty("content", out JsonElement part))
                text.Append(part.GetString());
            begun?.TrySetResult();
            if (++events == request.LeaveAfter)
                return (AnswerKind.Left, "");
        }

        return (AnswerKind.Broken, "the stream ended without its last event");
    }

    private static void Check(JsonElement body, ChatRequest request)
    {
        string model = body.GetProperty("model").GetString()!;
        if (model != request.Model && model != request.Model + ":latest")
            throw new BenchmarkException($"the model {model} answered a request for {request.Model}");
    }

    private static string ErrorOf(string body)
    {
        using var document = JsonDocument.Parse(body);
        JsonElement error = document.RootElement.GetProperty("error");
        string message = error.GetProperty("message").GetString()!;
        return message.Length > 0 ? message : throw new BenchmarkException("an error without a message");
    }
}
