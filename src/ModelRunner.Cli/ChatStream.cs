using System.Text;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Linux.Files;

namespace ModelRunner.Cli;

/// <summary>Shows the response of a chat as it arrives: reads server-sent events and writes text.</summary>
internal static class ChatStream
{
    /// <summary>The content type of such a response.</summary>
    public const string MediaType = "text/event-stream";

    private const string DataPrefix = "data:";
    private const string Done = "[DONE]";

    /// <summary>Checks that a response is an event stream.</summary>
    /// <exception cref="CliFailure">The server of the model does not stream, or another program than a daemon responded.</exception>
    public static void Require(DaemonClient client, HttpResponseMessage response, string model)
    {
        if (response.Content.Headers.ContentType?.MediaType == "application/json")
            throw new CliFailure($"the server of model {model} does not stream its responses; use: model-runner run --json {model} PROMPT", ExitCode.Failure);
        client.RequireType(response, MediaType);
    }

    /// <summary>Copies the text of all events and writes a final line feed.</summary>
    /// <param name="events">The body of the response.</param>
    /// <param name="console">Where the text is written.</param>
    /// <param name="answer">Collects the text as it arrives, also before an exception; null: it is not collected.</param>
    /// <param name="cancellation">Stops the copying.</param>
    /// <exception cref="CliFailure">The stream contains an error or something else, or ends too early.</exception>
    public static async Task CopyAsync(Stream events, CliConsole console, StringBuilder? answer, CancellationToken cancellation)
    {
        using var reader = new StreamReader(events, Encoding.UTF8);
        bool endsLine = true;
        string? problem = null;
        bool isDone = false;
        try
        {
            while (!isDone && problem is null && await reader.ReadLineAsync(cancellation) is { } line)
            {
                if (!line.StartsWith(DataPrefix, StringComparison.Ordinal))
                    continue;

                string data = line[DataPrefix.Length..].Trim();
                isDone = data == Done;
                string text = isDone ? "" : ReadText(data, out problem);
                if (text.Length == 0)
                    continue;

                answer?.Append(text);
                console.Write(console.IsTerminal ? WithoutControls(text) : text);
                endsLine = text.EndsWith('\n');
            }
        }
        catch (IOException failure) when (failure is not OutputException && !isDone)
        {
            problem = "the response is incomplete";
        }
        catch (OperationCanceledException)
        {
            if (!endsLine)
                console.Write("\n");
            throw;
        }

        if (!endsLine)
            console.Write("\n");
        if (problem is not null || !isDone)
            throw new CliFailure(problem ?? "the response is incomplete", ExitCode.Failure);
    }

    private static string ReadText(string data, out string? problem)
    {
        problem = null;
        try
        {
            using var document = JsonDocument.Parse(data);
            problem = ErrorBody.Read(document.RootElement)?.Sentence;
            JsonElement choice = document.RootElement.Member("choices")?.Items().FirstOrDefault() ?? default;
            return choice.Member("delta")?.Text("content") ?? "";
        }
        catch (JsonException)
        {
            problem = "the response contains invalid JSON";
            return "";
        }
    }

    /// <summary>A text without control characters. A model can be made to write anything, and a terminal executes escape sequences.</summary>
    public static string WithoutControls(string text) =>
        string.Concat(text.Where(static character => character is '\n' or '\t' || !char.IsControl(character)));
}
