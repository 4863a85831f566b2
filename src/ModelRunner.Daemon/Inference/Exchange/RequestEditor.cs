using System.Text.Json;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Changes a request body for a runner: the value of <c>model</c>, and <c>stream_options.include_usage</c> where the runner reports the token
/// counts of a stream only on request. All other bytes stay as they are, and none are copied.
/// </summary>
/// <remarks>
/// Only members of the outermost object count. If a member occurs twice, the last one counts. A body without these members, or one that
/// is not JSON, stays as it is.
/// </remarks>
internal static class RequestEditor
{
    // The same depth as the check of the request.
    private const int MaxDepth = 256;

    private static readonly byte[] Options = "{\"include_usage\":true}"u8.ToArray();
    private static readonly byte[] OptionsMember = [.. ",\"stream_options\":"u8, .. Options];
    private static readonly byte[] UsageMember = "\"include_usage\":true"u8.ToArray();
    private static readonly byte[] FirstUsageMember = [.. UsageMember, (byte)','];
    private static readonly byte[] True = "true"u8.ToArray();

    /// <summary>Whether requests of this route can ask for the token counts of their stream.</summary>
    /// <param name="path">The route at the runner.</param>
    public static bool HasUsageOption(string path) => path is "v1/chat/completions" or "v1/completions";

    /// <summary>Changes a body.</summary>
    /// <param name="body">The client's body.</param>
    /// <param name="model">The name to write as <c>model</c>.</param>
    /// <param name="requestsUsage">
    /// Whether to ask for the token counts if the request is for a stream and the client does not ask for them itself.
    /// </param>
    public static EditedRequest Edit(ReadOnlyMemory<byte> body, string model, bool requestsUsage)
    {
        Places places = Find(body.Span, requestsUsage);
        Change usage = places.Usage;
        Change name = places.Model is { Start: > 0 } found ? found with { Text = JsonText.Quote(model) } : default;
        (Change first, Change second) = usage.Start < name.Start ? (usage, name) : (name, usage);
        ReadOnlyMemory<byte>[] parts = first.Text.IsEmpty
            ? second.Text.IsEmpty ? [body] : [body[..second.Start], second.Text, body[second.End..]]
            : [body[..first.Start], first.Text, body[first.End..second.Start], second.Text, body[second.End..]];
        return new EditedRequest(parts, AsksForUsage: !usage.Text.IsEmpty);
    }

    private static Places Find(ReadOnlySpan<byte> body, bool requestsUsage)
    {
        try
        {
            return Read(body, requestsUsage);
        }
        catch (JsonException)
        {
            return default;
        }
        catch (InvalidOperationException) when (requestsUsage)
        {
            // A key contains an unpaired surrogate. The runner decides what to do with it.
            return Find(body, requestsUsage: false);
        }
    }

    private static Places Read(ReadOnlySpan<byte> body, bool requestsUsage)
    {
        Places places = default;
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isModel = reader.ValueTextEquals("model"u8);
            bool isStream = requestsUsage && reader.ValueTextEquals("stream"u8);
            bool isOptions = requestsUsage && reader.ValueTextEquals("stream_options"u8);
            reader.Read();
            if (isModel && reader.TokenType == JsonTokenType.String)
                places.Model = PlaceOf(reader);
            else if (isStream)
                places.Stream = reader.TokenType == JsonTokenType.True ? PlaceOf(reader) : default;
            else if (isOptions)
                (places.HasOptions, places.Options) = (true, ReadOptions(ref reader));
            reader.Skip();
        }

        return places;
    }

    // A value that only some servers understand as true or false stays: it is the server that judges it.
    private static Change ReadOptions(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return PlaceOf(reader) with { Text = Options };
        if (reader.TokenType != JsonTokenType.StartObject)
            return default;

        int start = (int)reader.BytesConsumed;
        var change = new Change(start, start, UsageMember);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isUsage = reader.ValueTextEquals("include_usage"u8);
            reader.Read();
            if (isUsage)
                change = reader.TokenType is JsonTokenType.False or JsonTokenType.Null ? PlaceOf(reader) with { Text = True } : default;
            else if (change.Start == start)
                change = change with { Text = FirstUsageMember };
            reader.Skip();
        }

        return change;
    }

    private static Change PlaceOf(in Utf8JsonReader reader) => new((int)reader.TokenStartIndex, (int)reader.BytesConsumed, default);

    /// <summary>The bytes from <paramref name="Start"/> to <paramref name="End"/> become <paramref name="Text"/>; without a text nothing changes.</summary>
    private readonly record struct Change(int Start, int End, ReadOnlyMemory<byte> Text);

    private record struct Places(Change Model, Change Stream, bool HasOptions, Change Options)
    {
        /// <summary>The change that asks for the token counts.</summary>
        public readonly Change Usage => Stream.End == 0 ? default
            : HasOptions ? Options
            : new Change(Stream.End, Stream.End, OptionsMember);
    }
}
