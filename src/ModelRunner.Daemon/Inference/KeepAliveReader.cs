using System.Text;
using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Inference;

/// <summary>Reads the member <c>keep_alive</c> of a request, in Ollama's words: a number of seconds, a duration, 0, or a negative value.</summary>
internal static class KeepAliveReader
{
    private const int MaxShown = 40;

    // The limit of the option keepAlive.
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(ConfigurationCatalog.KeepAlive.Maximum);

    /// <summary>Reads the value at which the reader is; null: the model's own time.</summary>
    /// <exception cref="ApiException">It is something else.</exception>
    public static TimeSpan? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out double seconds) && seconds <= Longest.TotalSeconds)
            return seconds < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(seconds);
        if (reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= MaxShown
            && DurationText.TryParseKeepAlive(ReadText(ref reader), out TimeSpan keepAlive) && keepAlive <= Longest)
            return keepAlive;

        string shown = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray
            ? "an object or a list"
            : PlainText.EscapeAndCut(Encoding.UTF8.GetString(reader.ValueSpan), MaxShown);
        throw new ApiException(ApiError.Invalid(
            $"\"keep_alive\" is {(shown.Length > 0 ? shown : "empty")}; send a number of seconds or a duration such as \"10m\" "
            + $"(at most {Longest.TotalHours:0}h), 0 to stop the model after the response, or -1 to keep it loaded",
            "keep_alive"));
    }

    private static string? ReadText(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            // An unpaired surrogate is no text, and so no duration.
            return null;
        }
    }
}
