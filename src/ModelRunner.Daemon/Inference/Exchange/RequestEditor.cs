using System.Text.Json;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Changes a request body for a runner: the value of <c>model</c>, <c>keep_alive</c>, which is for the daemon and left out, and
/// <c>stream_options.include_usage</c> where the runner reports the token counts of a stream only on request. All other bytes stay as they are,
/// and none are copied.
/// </summary>
/// <remarks>
/// Only members of the outermost object count. If another member occurs twice, the last one counts. A body without these members, or one that
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
        List<Change> changes = places.Removed ?? [];
        if (places.Model is { Start: > 0 } found)
            changes.Add(found with { Text = JsonText.Quote(model) });
        if (!usage.Text.IsEmpty)
            changes.Add(usage);
        return new EditedRequest(Apply(body, changes), AsksForUsage: !usage.Text.IsEmpty);
    }

    private static ReadOnlyMemory<byte>[] Apply(ReadOnlyMemory<byte> body, List<Change> changes)
    {
        if (changes.Count == 0)
            return [body];
        int end = 0;
        var parts = new List<ReadOnlyMemory<byte>>((2 * changes.Count) + 1);
        foreach (Change change in changes.OrderBy(static change => change.Start).ThenBy(static change => change.End))
        {
            parts.Add(body[end..change.Start]);
            if (!change.Text.IsEmpty)
                parts.Add(change.Text);
            end = change.End;
        }

        parts.Add(body[end..]);
        return [.. parts];
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

        // A removed member takes the comma before it along, or the one after it if no member is before it.
        (int keptEnd, int removedFirst) = (-1, -1);
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int start = (int)reader.TokenStartIndex;
            if (removedFirst >= 0)
                places.Remove(removedFirst, start);
            removedFirst = -1;
            bool isKeepAlive = reader.ValueTextEquals("keep_alive"u8);
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
            if (isKeepAlive && keptEnd >= 0)
                places.Remove(keptEnd, (int)reader.BytesConsumed);
            else if (isKeepAlive)
                removedFirst = start;
            if (!isKeepAlive || keptEnd >= 0)
                keptEnd = (int)reader.BytesConsumed;
        }

        // It is the only member, so there is no comma.
        if (removedFirst >= 0)
            places.Remove(removedFirst, (int)reader.TokenStartIndex);
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
        /// <summary>The members that are left out; null: none.</summary>
        public List<Change>? Removed { get; private set; }

        public void Remove(int start, int end) => (Removed ??= []).Add(new Change(start, end, default));

        /// <summary>The change that asks for the token counts.</summary>
        public readonly Change Usage => Stream.End == 0 ? default
            : HasOptions ? Options
            : new Change(Stream.End, Stream.End, OptionsMember);
    }
}
