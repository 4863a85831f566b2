using System.Globalization;
using System.Text.Json;
using ModelRunner.Linux.Sockets;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines;

/// <summary>
/// Polls a starting runner until its readiness check succeeds and, if its engine shows the name of the model, until it shows the right one.
/// </summary>
/// <param name="start">The start of the runner.</param>
/// <param name="time">The clock.</param>
/// <param name="ownerOf">Finds out who listens on the port of the runner.</param>
internal sealed class ReadinessProbe(RunnerStart start, TimeProvider time, Func<int, PortOwner> ownerOf)
{
    // Small models are ready 30 ms after their start, large ones after minutes: the pauses begin short and grow.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LastPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);
    private const string NoResponse = "its readiness check sent no complete response";
    private const double PauseGrowth = 1.2;
    private const int MaxAnswerBytes = 1024 * 1024;

    /// <summary>Why it is not ready yet: the rest of a sentence whose subject is the runner.</summary>
    public string Problem { get; private set; } = start.Port is { } port
        ? string.Create(CultureInfo.InvariantCulture, $"it accepted no connection on port {port} of 127.0.0.1")
        : "it accepted no connection on its socket";

    /// <summary>Waits until the runner is ready, or until it is cancelled.</summary>
    /// <returns>Null if it is ready with the right model; otherwise why it must be stopped.</returns>
    public async Task<RunnerFailure?> WaitAsync(CancellationToken cancellationToken)
    {
        for (TimeSpan pause = FirstPause; ; pause = Min(pause * PauseGrowth, LastPause))
        {
            // Checking for the file is much cheaper than a connection that fails.
            bool mayListen = start.SocketPath is null || File.Exists(start.SocketPath);
            if (mayListen && await IsHealthyAsync(cancellationToken))
            {
                // The program that responded may be of another user. It must get no prompt.
                PortOwner owner = start.Port is { } port ? ownerOf(port) : PortOwner.Trusted;
                if (owner == PortOwner.Stranger)
                    return Stranger();
                if (owner == PortOwner.Nobody)
                    Problem = "the program that responded on its port stopped listening";
                else if (start.AnswersAs is null)
                    return null;
                else if (await ReadModelNameAsync(cancellationToken) is { } name)
                    return name == start.AnswersAs ? null : WrongModel(name);
            }

            await Task.Delay(pause, time, cancellationToken);
        }
    }

    private RunnerFailure Stranger() => new(StopReason.Socket, string.Create(CultureInfo.InvariantCulture,
        $"{start.Engine.Name} was stopped: a program of another user listens on port {start.Port}; the next start will use another port"));

    private RunnerFailure WrongModel(string name) =>
        new(StopReason.WrongModel, $"{start.Engine.Name} answers as \"{name}\" instead of \"{start.AnswersAs}\"");

    private async Task<bool> IsHealthyAsync(CancellationToken cancellationToken) =>
        await AskAsync(start.Endpoint.HealthAddress, static (_, _) => Task.FromResult("ok"), cancellationToken) is not null;

    private Task<string?> ReadModelNameAsync(CancellationToken cancellationToken) =>
        AskAsync(new Uri(start.Endpoint.BaseAddress, "v1/models"), ReadNameAsync, cancellationToken);

    /// <summary>The response to a GET; null if there is none with a status from 200 to 299 yet.</summary>
    private async Task<string?> AskAsync(
        Uri address, Func<HttpContent, CancellationToken, Task<string>> read, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(AnswerTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        long sent = time.GetTimestamp();
        try
        {
            using HttpResponseMessage response = await start.Endpoint.Probes.SendAsync(request, either.Token);
            Problem = string.Create(CultureInfo.InvariantCulture, $"its readiness check responded with status {(int)response.StatusCode}");
            return response.IsSuccessStatusCode ? await read(response.Content, either.Token) : null;
        }
        catch (HttpRequestException failure) when (failure.HttpRequestError == HttpRequestError.ConnectionError)
        {
            return null;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            Problem = NoResponse;
            return null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // Text that is not Unicode is an invalid operation.
            Problem = "its list of models is not JSON";
            return null;
        }
        catch (OperationCanceledException)
        {
            // Without a listening program a connection fails at once. So a request that lasts has reached one.
            bool isOver = cancellationToken.IsCancellationRequested;
            if (!isOver || time.GetElapsedTime(sent) >= LastPause)
                Problem = NoResponse;
            if (isOver)
                throw;
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
