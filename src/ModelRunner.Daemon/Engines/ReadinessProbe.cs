using System.Net;
using System.Text.Json;

namespace ModelRunner.Daemon.Engines;

/// <summary>
/// Asks a starting runner until it is ready: it says so, and it answers as the model that was asked for, so that no other server can be
/// taken for it.
/// </summary>
internal sealed class ReadinessProbe(RunnerStart start, TimeProvider time)
{
    // Tiny models are ready within 30 ms of their start, big ones take minutes: begin quickly, then save everybody's time.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LastPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);
    private const double PauseGrowth = 1.2;
    private const int MaxAnswerBytes = 1024 * 1024;

    /// <summary>Waits until the runner is ready. Cancellation is the only other end.</summary>
    /// <returns>Null when it is ready as the right model; otherwise the name of the model that it answers as.</returns>
    public async Task<string?> WaitAsync(CancellationToken cancellationToken)
    {
        for (TimeSpan pause = FirstPause; ; pause = Min(pause * PauseGrowth, LastPause))
        {
            // Looking for the file is much cheaper than a connection that fails.
            if (File.Exists(start.SocketPath) && await IsHealthyAsync(cancellationToken)
                && await ReadModelNameAsync(cancellationToken) is { } name)
            {
                return name == RunnerAlias.Of(start.Reference) ? null : name;
            }

            await Task.Delay(pause, time, cancellationToken);
        }
    }

    private async Task<bool> IsHealthyAsync(CancellationToken cancellationToken) =>
        await AskAsync("health", static (_, _) => Task.FromResult("ok"), cancellationToken) is not null;

    private Task<string?> ReadModelNameAsync(CancellationToken cancellationToken) => AskAsync("v1/models", ReadNameAsync, cancellationToken);

    /// <summary>The answer to a GET, or null where there is none, yet, with status 200.</summary>
    private async Task<string?> AskAsync(
        string path, Func<HttpContent, CancellationToken, Task<string>> read, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(AnswerTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(start.Endpoint.BaseAddress, path));
        try
        {
            using HttpResponseMessage response = await start.Endpoint.Probes.SendAsync(request, either.Token);
            return response.StatusCode == HttpStatusCode.OK ? await read(response.Content, either.Token) : null;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or JsonException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static async Task<string> ReadNameAsync(HttpContent content, CancellationToken cancellationToken)
    {
        await content.LoadIntoBufferAsync(MaxAnswerBytes, cancellationToken);
        await using Stream body = await content.ReadAsStreamAsync(cancellationToken);
        using JsonDocument answer = await JsonDocument.ParseAsync(body, cancellationToken: cancellationToken);
        return answer.RootElement.ValueKind == JsonValueKind.Object
            && answer.RootElement.TryGetProperty("data", out JsonElement data) && data.ValueKind == JsonValueKind.Array
            && data.GetArrayLength() > 0 && data[0].ValueKind == JsonValueKind.Object
            && data[0].TryGetProperty("id", out JsonElement id) && id.ValueKind == JsonValueKind.String
                ? id.GetString()!
                : "no model";
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
