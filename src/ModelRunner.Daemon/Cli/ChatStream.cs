using System.Text;
using System.Text.Json;

namespace ModelRunner.Daemon.Cli;

/// <summary>Shows the answer of a chat as it comes: server-sent events in, text out.</summary>
internal static class ChatStream
{
    private const string DataPrefix = "data:";
    private const string Done = "[DONE]";

    /// <summary>Copies the text of all events and ends it with a line feed.</summary>
    /// <exception cref="CliFailure">The stream reports an error, holds something else, or ends too early.</exception>
    public static async Task CopyAsync(Stream events, CliConsole console, CancellationToken cancellation)
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

                console.Write(console.IsTerminal ? WithoutControls(text) : text);
                endsLine = text.EndsWith('\n');
            }
        }
        catch (Exception failure) when (failure is HttpIOException or IOException && !isDone)
        {
            problem = "the answer was cut off";
        }

        if (!endsLine)
            console.Write("\n");
        if (problem is not null || !isDone)
            throw new CliFailure(problem ?? "the answer was cut off", ExitCode.Failure);
    }

    private static string ReadText(string data, out string? problem)
    {
        problem = null;
        try
        {
            using var document = JsonDocument.Parse(data);
            problem = ErrorBody.ReadMessage(document.RootElement);
            JsonElement choice = document.RootElement.Member("choices")?.Items().FirstOrDefault() ?? default;
            return choice.Member("delta")?.Text("content") ?? "";
        }
        catch (JsonException)
        {
            problem = "the answer holds something that is not JSON";
            return "";
        }
    }

    // A model can be made to write anything, and a terminal obeys escape sequences.
    private static string WithoutControls(string text) =>
        string.Concat(text.Where(static character => character is '\n' or '\t' || !char.IsControl(character)));
}
