using System.Text.Json;
using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>
/// Finds the tool calls in a response as it arrives. Text is passed on at once, except for what may be the beginning of a call. A text that
/// only looks like a call, because its JSON is invalid or the tool does not exist, is passed on as text.
/// </summary>
internal sealed class ToolCallReader(ToolSet tools)
{
    private string _held = "";
    private bool _isInCall;
    private int _calls;

    /// <summary>Whether there was a call.</summary>
    public bool HasCalls => _calls > 0;

    /// <summary>Adds a piece of the response and returns what is certain now.</summary>
    public IReadOnlyList<AnswerPiece> Add(string text)
    {
        var pieces = new List<AnswerPiece>();
        _held += text;
        while (Step(pieces))
        {
        }

        return pieces;
    }

    /// <summary>Returns the text that was held back, when the response has ended.</summary>
    public IReadOnlyList<AnswerPiece> Finish()
    {
        var pieces = new List<AnswerPiece>();
        if (_isInCall)
            EndCall(_held, "", pieces);
        else if (!HasCalls || !string.IsNullOrWhiteSpace(_held))
            AddText(_held, pieces);
        _held = "";
        return pieces;
    }

    // Removes one call or one text from the held text.
    private bool Step(List<AnswerPiece> pieces)
    {
        string mark = _isInCall ? ToolSet.CallEnd : ToolSet.CallStart;
        int at = _held.IndexOf(mark, StringComparison.Ordinal);
        if (at >= 0)
        {
            string before = _held[..at];
            _held = _held[(at + mark.Length)..];
            if (_isInCall)
                EndCall(before, mark, pieces);
            else
                AddText(before.TrimEnd(), pieces);
            _isInCall = !_isInCall;
            return true;
        }

        if (!_isInCall)
        {
            int certain = CertainLength(_held);
            AddText(_held[..certain], pieces);
            _held = _held[certain..];
        }

        return false;
    }

    private void EndCall(string content, string mark, List<AnswerPiece> pieces)
    {
        if (Parse(content) is { } call)
        {
            _calls++;
            pieces.Add(new AnswerPiece(null, call));
        }
        else
        {
            AddText(ToolSet.CallStart + content + mark, pieces);
        }
    }

    private ToolCall? Parse(string content)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("name", out JsonElement name)
                || name.ValueKind != JsonValueKind.String || !tools.Tools.Any(tool => name.ValueEquals(tool.Name)))
                return null;
            string arguments = root.TryGetProperty("arguments", out JsonElement value) ? value.GetRawText() : "{}";
            return new ToolCall(_calls, "call_" + Guid.NewGuid().ToString("N"), name.GetString()!, arguments);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void AddText(string text, List<AnswerPiece> pieces)
    {
        if (text.Length > 0)
            pieces.Add(new AnswerPiece(text, null));
    }

    // White space is held too: before a call it belongs to the call.
    private static int CertainLength(string text)
    {
        int certain = text.Length;
        for (int length = Math.Min(ToolSet.CallStart.Length - 1, text.Length); length > 0; length--)
        {
            if (text.EndsWith(ToolSet.CallStart[..length], StringComparison.Ordinal))
            {
                certain -= length;
                break;
            }
        }

        return text.AsSpan(0, certain).TrimEnd().Length;
    }
}
