using System.Text;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Names;

namespace ModelRunner.Cli;

/// <summary>
/// Pulls, pushes or checks models and shows the progress: bars on a terminal, otherwise a line from time to time, or the lines of the daemon.
/// </summary>
/// <param name="console">Progress is for people, so it goes to standard error, and only the result to standard output.</param>
/// <param name="client">Asks the daemon.</param>
/// <param name="time">The clock.</param>
internal sealed class ProgressFollower(CliConsole console, DaemonClient client, TimeProvider time)
{
    private const int MaxName = 200;

    private static readonly TimeSpan TerminalInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

    private readonly PullProgress _progress = new(time);
    private readonly PullBars? _bars = console.IsErrorTerminal ? new PullBars(console.Error, TerminalSize.OfStandardError) : null;
    private long? _shown;
    private long? _first;

    /// <summary>Pulls a model to its end.</summary>
    /// <param name="model">The model, as the user wrote it.</param>
    /// <param name="limit">The most bytes per second, as the user wrote them; null: no limit.</param>
    /// <param name="isJson">Whether each line of the daemon goes to standard output, and nothing is shown.</param>
    /// <param name="cancellation">Leaves the pull. What was fetched is kept.</param>
    /// <returns>What the daemon says at the end.</returns>
    /// <exception cref="CliFailure">The pull failed.</exception>
    public async Task<string> RunAsync(string model, string? limit, bool isJson, CancellationToken cancellation)
    {
        try
        {
            return await FollowAsync("models/create", JsonObject.Write(json => WritePull(json, model, limit)), "pull", isJson, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested && !isJson)
        {
            string rest = limit is null ? "" : $" --limit {string.Concat(PlainText.EscapeAndCut(limit, MaxName).Split(' '))}";
            console.Error.WriteLine($"Interrupted. What was fetched is kept; \"model-runner pull {PlainText.EscapeAndCut(model, MaxName)}{rest}\" continues.");
            throw;
        }
    }

    /// <summary>Pushes a model to its end.</summary>
    /// <param name="model">The model, as the user wrote it.</param>
    /// <param name="isJson">Whether each line of the daemon goes to standard output, and nothing is shown.</param>
    /// <param name="cancellation">Ends the push. The registry keeps the files that it has.</param>
    /// <returns>What the daemon says at the end.</returns>
    /// <exception cref="CliFailure">The push failed.</exception>
    public Task<string> PushAsync(string model, bool isJson, CancellationToken cancellation) =>
        FollowAsync(ModelPath.Of(model, "push"), ReadOnlyMemory<byte>.Empty, "push", isJson, cancellation);

    /// <summary>Checks the files of models to the end.</summary>
    /// <param name="models">The models, as the user wrote them; empty: all pulled ones.</param>
    /// <param name="isJson">Whether each line of the daemon goes to standard output, and nothing is shown.</param>
    /// <param name="cancellation">Ends the check.</param>
    /// <returns>The last line of the daemon.</returns>
    /// <exception cref="CliFailure">The check failed.</exception>
    public Task<JsonElement> VerifyAsync(IReadOnlyList<string> models, bool isJson, CancellationToken cancellation) =>
        FollowToEndAsync(
            "models/verify", models.Count == 0 ? default : JsonObject.Write(json => JsonObject.WriteList(json, "models", models)), "check",
            "run \"model-runner verify\" again", isJson, cancellation);

    // As Docker Model Runner's command does: the user's token is needed where the daemon runs as another user.
    private static void WritePull(Utf8JsonWriter json, string model, string? limit)
    {
        json.WriteString("from", model);
        if (limit is not null)
            json.WriteString("limit", limit);
        if (ArtifactNameParser.TryParse(model, out ArtifactName? name, out _) && name!.IsOnHuggingFace
            && Environment.GetEnvironmentVariable("HF_TOKEN")?.Trim() is { Length: > 0 } token)
            json.WriteString("bearer-token", token);
    }

    private async Task<string> FollowAsync(string path, ReadOnlyMemory<byte> body, string verb, bool isJson, CancellationToken cancellation)
    {
        JsonElement last = await FollowToEndAsync(path, body, verb, $"{verb} again to continue", isJson, cancellation);
        string message = last.Text("message");
        return last.Text("type") == "success" ? message : throw new CliFailure(message, ExitCode.Failure);
    }

    private async Task<JsonElement> FollowToEndAsync(
        string path, ReadOnlyMemory<byte> body, string what, string remedy, bool isJson, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await client.PostAsync(path, body, cancellation, accept: "application/json");
        client.RequireType(response, "application/json");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation), Encoding.UTF8);
        try
        {
            while (await reader.ReadLineAsync(cancellation) is { } line)
            {
                if (isJson)
                    console.WriteLine(line);
                using JsonDocument document = JsonObject.Parse(line, "a line of progress");
                if (IsEnd(document.RootElement, isJson))
                    return document.RootElement.Clone();
            }
        }
        finally
        {
            _bars?.Clear();
        }

        throw new CliFailure($"the daemon ended the {what} without a result; {remedy}", ExitCode.Failure);
    }

    // Whether it is the last line. Others are shown.
    private bool IsEnd(JsonElement line, bool isJson)
    {
        if (line.Text("type") is "success" or "error")
            return true;
        bool isAboutFile = _progress.Take(line);
        if (isJson)
            return false;
        if (!isAboutFile)
            Note(line.Text("message"));
        else if (IsTimeToShow())
            Show();
        return false;
    }

    // A check names one file after the other, so not all of them are waited for.
    private bool IsTimeToShow()
    {
        _first ??= time.GetTimestamp();
        return _shown is { } last
            ? time.GetElapsedTime(last) >= (_bars is null ? PlainInterval : TerminalInterval)
            : _progress.IsWhole || time.GetElapsedTime(_first.Value) >= FirstPatience;
    }

    private void Note(string message)
    {
        if (_bars is not null)
            _bars.Note(message);
        else
            console.Error.WriteLine(PlainText.Escape(message));
        _shown = null;
    }

    private void Show()
    {
        if (_bars is not null)
            _bars.Draw(_progress);
        else
            console.Error.WriteLine(_progress.Describe());
        _shown = time.GetTimestamp();
    }
}
