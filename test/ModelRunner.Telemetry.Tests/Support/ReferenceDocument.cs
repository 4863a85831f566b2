using System.Text.Json;

namespace ModelRunner.Telemetry.Tests.Support;

/// <summary>What one document says of the response.</summary>
internal sealed class ReferenceDocument
{
    private static readonly string[] TimingNames = ["prompt_n", "cache_n", "predicted_n", "draft_n", "draft_n_accepted"];
    private static readonly string[] UsageNames =
    [
        "prompt_tokens", "input_tokens", "completion_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens", "cache_creation_input_tokens",
    ];

    private string? _type;
    private string? _status;
    private FinishReason _reason;
    private FinishReason _incomplete;
    private bool _hasDelta;

    public ReferenceDocument(JsonElement root)
    {
        foreach (JsonProperty member in root.EnumerateObject())
            ReadRoot(member.Name, member.Value);
        bool isDelta = _type == "content_block_delta" || (_type?.StartsWith("response.", StringComparison.Ordinal) == true
            && _type.EndsWith(".delta", StringComparison.Ordinal));
        HasContent |= _hasDelta && isDelta;
        Finish = _reason != FinishReason.None
            ? _reason
            : _status switch
            {
                "completed" => FinishReason.Stop,
                "failed" => FinishReason.Error,
                "incomplete" => _incomplete == FinishReason.None ? FinishReason.Other : _incomplete,
                _ => FinishReason.None,
            };
    }

    public List<(int Index, bool HasContent, FinishReason Finish)> Choices { get; } = [];

    public Dictionary<string, long> Timings { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, long> Usage { get; } = new(StringComparer.Ordinal);

    /// <summary>Counts of usage whose values are invalid.</summary>
    public HashSet<string> Invalid { get; } = new(StringComparer.Ordinal);

    public int? Index { get; private set; }

    public bool HasType => _type is not null;

    public bool HasError { get; private set; }

    public bool HasContent { get; private set; }

    public FinishReason Finish { get; }

    public static FinishReason ReadReason(JsonElement value) => value.ValueKind != JsonValueKind.String ? FinishReason.None : value.GetString() switch
    {
        "" or "none" => FinishReason.None,
        "stop" or "end_turn" or "stop_sequence" or "eos" or "word" => FinishReason.Stop,
        "length" or "max_tokens" or "max_output_tokens" or "limit" => FinishReason.Length,
        "tool_calls" or "tool_use" or "function_call" => FinishReason.ToolCalls,
        "content_filter" or "refusal" => FinishReason.ContentFilter,
        "error" => FinishReason.Error,
        _ => FinishReason.Other,
    };

    private void ReadRoot(string name, JsonElement value)
    {
        switch (name)
        {
            case "choices":
                Choices.Clear();
                if (value.ValueKind == JsonValueKind.Array)
                    Choices.AddRange(value.EnumerateArray().Where(static choice => choice.ValueKind == JsonValueKind.Object).Select(ReadChoice));
                break;
            case "timings":
                Timings.Clear();
                ReadCounts(value, TimingNames, Timings);
                break;
            case "type":
                _type = ReferenceReader.Word(value) ?? _type;
                HasError |= _type == "error";
                break;
            case "index" when value.ValueKind == JsonValueKind.Number:
                Index = (int?)ReferenceReader.Count(value);
                break;
            case "content":
                HasContent |= ReferenceReader.IsContent(value);
                break;
            case "stop_type":
                SetReason(value);
                break;
            case "delta" when value.ValueKind == JsonValueKind.Object:
                _hasDelta |= ReferenceReader.HasContentOfBlock(value);
                foreach (JsonProperty member in value.EnumerateObject().Where(static member => member.Name == "stop_reason"))
                    SetReason(member.Value);
                break;
            case "delta":
                _hasDelta |= value.ValueKind == JsonValueKind.String && ReferenceReader.IsContent(value);
                break;
            case "message" or "response" when value.ValueKind == JsonValueKind.Object:
                foreach (JsonProperty member in value.EnumerateObject())
                    ReadResponse(member.Name, member.Value);
                break;
            default:
                ReadResponse(name, value);
                break;
        }
    }

    private void ReadResponse(string name, JsonElement value)
    {
        switch (name)
        {
            case "usage":
                Usage.Clear();
                Invalid.Clear();
                ReadCounts(value, UsageNames, Usage);
                if (value.ValueKind == JsonValueKind.Object)
                    Invalid.UnionWith(value.EnumerateObject().Select(static member => member.Name).Where(name => !Usage.ContainsKey(name)));
                if (value.ValueKind == JsonValueKind.Object)
                    foreach (JsonProperty member in value.EnumerateObject())
                        if (member.Name is "prompt_tokens_details" or "input_tokens_details")
                            ReadCounts(member.Value, ["cached_tokens"], Usage);
                break;
            case "error":
                HasError |= value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False)
                    && (value.ValueKind != JsonValueKind.String || value.GetString() != "");
                break;
            case "stop_reason":
                SetReason(value);
                break;
            case "status":
                _status = ReferenceReader.Word(value) ?? _status;
                HasError |= _status == "failed";
                break;
            case "incomplete_details" when value.ValueKind == JsonValueKind.Object:
                foreach (JsonProperty member in value.EnumerateObject())
                    if (member.Name == "reason" && member.Value.ValueKind == JsonValueKind.String)
                        _incomplete = ReadReason(member.Value);
                break;
        }
    }

    private void SetReason(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
            _reason = ReadReason(value);
    }

    private static (int Index, bool HasContent, FinishReason Finish) ReadChoice(JsonElement choice)
    {
        (int index, bool hasContent, FinishReason finish) = (0, false, FinishReason.None);
        foreach (JsonProperty member in choice.EnumerateObject())
        {
            if (member.Name == "index" && member.Value.ValueKind == JsonValueKind.Number)
                index = (int)(ReferenceReader.Count(member.Value) ?? 0);
            else if (member.Name == "text")
                hasContent |= ReferenceReader.IsContent(member.Value);
            else if (member.Name is "delta" or "message" && member.Value.ValueKind == JsonValueKind.Object)
                hasContent |= ReferenceReader.HasContentOfDelta(member.Value);
            else if (member.Name == "finish_reason" && member.Value.ValueKind == JsonValueKind.String)
                finish = ReadReason(member.Value);
        }

        return (index, hasContent, finish);
    }

    // The last member of a name counts.
    private static void ReadCounts(JsonElement value, string[] names, Dictionary<string, long> counts)
    {
        if (value.ValueKind != JsonValueKind.Object)
            return;
        foreach (JsonProperty member in value.EnumerateObject().Where(member => names.Contains(member.Name)))
        {
            if (ReferenceReader.Count(member.Value) is { } count)
                counts[member.Name] = count;
            else
                counts.Remove(member.Name);
        }
    }
}
