using System.Text.Json;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Finds out, line by line, whether the data of an event are only the token counts of a stream: a JSON object whose <c>usage</c> is an object
/// and whose <c>choices</c> is an empty list, and that reports no error.
/// </summary>
internal sealed class UsageDocument
{
    private JsonReaderState _state;

    // What the reader has left of the last line, such as a comma. It needs the next line to go on.
    private byte[] _rest = [];
    private Member _member;
    private bool _hasUsage;
    private bool _hasNoChoices;
    private bool _hasOther;

    private enum Member
    {
        Other,
        Usage,
        Choices,
        Error,
    }

    /// <summary>What is known of the data so far.</summary>
    public UsageVerdict Verdict { get; private set; }

    /// <summary>Begins with the data of the next event.</summary>
    public void Clear()
    {
        Verdict = UsageVerdict.None;
        (_state, _rest, _member, _hasUsage, _hasNoChoices, _hasOther) = (default, [], default, false, false, false);
    }

    /// <summary>Reads the next line of data, with its line end if it has one.</summary>
    public void Read(ReadOnlySpan<byte> line)
    {
        line = line.TrimStart(" \t\r\n"u8);
        if (line.IsEmpty)
            return;
        if (Verdict == UsageVerdict.None && line[0] != '{')
        {
            Verdict = UsageVerdict.Unreadable;
            return;
        }

        try
        {
            Verdict = ReadTokens(line);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            Verdict = UsageVerdict.Unreadable;
        }
    }

    private UsageVerdict ReadTokens(ReadOnlySpan<byte> line)
    {
        if (_rest.Length > 0)
            line = (byte[])[.. _rest, .. line];
        var reader = new Utf8JsonReader(line, isFinalBlock: false, _state);
        bool isWhole = false;
        while (reader.Read())
        {
            Add(ref reader);
            isWhole = reader.CurrentDepth == 0 && reader.TokenType == JsonTokenType.EndObject;
        }

        (_state, _rest) = (reader.CurrentState, line[(int)reader.BytesConsumed..].ToArray());
        return !isWhole ? UsageVerdict.Open
            : _hasUsage && _hasNoChoices && !_hasOther ? UsageVerdict.Usage
            : UsageVerdict.Other;
    }

    private void Add(ref Utf8JsonReader reader)
    {
        if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName)
            _member = MemberOf(ref reader);
        else if (_member == Member.Choices && reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.StartArray)
            _hasNoChoices = true;
        else if (_member == Member.Choices && reader.CurrentDepth > 0 && reader.TokenType != JsonTokenType.EndArray)
            _hasOther = true;
        else if (_member == Member.Error && reader.CurrentDepth == 1 && reader.TokenType != JsonTokenType.Null)
            _hasOther = true;
        else if (_member == Member.Usage && reader.CurrentDepth == 1 && reader.TokenType != JsonTokenType.EndObject)
            _hasUsage = reader.TokenType == JsonTokenType.StartObject;
    }

    private static Member MemberOf(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("usage"u8) ? Member.Usage
        : reader.ValueTextEquals("choices"u8) ? Member.Choices
        : reader.ValueTextEquals("error"u8) ? Member.Error
        : Member.Other;
}
