using System.Text.Json;
using System.Text.Unicode;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Inference;

/// <summary>The members of a request's JSON that the daemon itself reads. The runner checks all others.</summary>
/// <param name="Model">The reference as the client wrote it; not empty.</param>
/// <param name="IsStream">Whether <c>stream</c> is true.</param>
/// <param name="KeepAlive">How long the model stays loaded after the request; negative: until an unload; null: its own time.</param>
internal readonly record struct RequestEnvelope(string Model, bool IsStream = false, TimeSpan? KeepAlive = null)
{
    /// <summary>The most bytes of a name as written. Without this limit a name of the body's size would be copied twice before it is checked.</summary>
    private const int MaxModel = 4096;

    /// <summary>The deepest nesting. llama-server's JSON reader recurses; the JSON schemas of real tools are far flatter.</summary>
    private const int MaxDepth = 256;

    /// <summary>
    /// Reads a body once, from its start to its end, so that the whole body is known to be valid JSON. If a member occurs twice the last
    /// one counts, as in llama-server.
    /// </summary>
    /// <exception cref="ApiException">The body is not a JSON object with a string as <c>model</c>.</exception>
    public static RequestEnvelope Read(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
            throw Refuse("the request has no body; send a JSON object with a \"model\"");
        if (!Utf8.IsValid(body))
            throw Refuse("the request's body is not valid UTF-8");

        try
        {
            return ReadMembers(body);
        }
        catch (JsonException failure)
        {
            throw Refuse($"the request's body is not valid JSON: line {failure.LineNumber + 1}, byte {failure.BytePositionInLine + 1}");
        }
        catch (InvalidOperationException)
        {
            throw Refuse("the name of a member of the request is not a valid string: it contains an unpaired surrogate");
        }
    }

    private static RequestEnvelope ReadMembers(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            return ReadMembers(ref reader);
        }
        catch (JsonException) when (IsTooDeep(reader, body))
        {
            throw Refuse($"the request's JSON is nested deeper than {MaxDepth} levels; send a flatter one");
        }
    }

    private static RequestEnvelope ReadMembers(ref Utf8JsonReader reader)
    {
        string? model = null;
        bool isStream = false;
        TimeSpan? keepAlive = null;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Refuse("the request's body is not a JSON object");

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isModel = reader.ValueTextEquals("model"u8);
            bool isOfStream = !isModel && reader.ValueTextEquals("stream"u8);
            bool isKeepAlive = !isModel && !isOfStream && reader.ValueTextEquals("keep_alive"u8);
            reader.Read();
            if (isKeepAlive)
                keepAlive = KeepAliveReader.Read(ref reader);
            else if (isModel)
                model = ReadModel(ref reader);
            else if (isOfStream)
                isStream = reader.TokenType == JsonTokenType.True;
            reader.Skip();
        }

        // Throws if anything follows the object.
        reader.Read();
        return string.IsNullOrEmpty(model)
            ? throw Refuse("the request has no \"model\"; GET /v1/models lists the models", "model")
            : new RequestEnvelope(model, isStream, keepAlive);
    }

    // The reader's exceptions differ only in their messages. The reader stops before the bracket that is too deep and has not counted the
    // bracket before it.
    private static bool IsTooDeep(in Utf8JsonReader reader, ReadOnlySpan<byte> body) =>
        reader.CurrentDepth >= (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray ? MaxDepth - 1 : MaxDepth)
        && body[(int)reader.BytesConsumed..].IndexOfAny("[{"u8) == 0;

    private static string? ReadModel(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
            throw Refuse("\"model\" is not a string", "model");
        if (reader.ValueSpan.Length > MaxModel)
            throw Refuse($"\"model\" is longer than {MaxModel} bytes; GET /v1/models lists the models", "model");
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            throw Refuse("the request's \"model\" is not a valid string: it contains an unpaired surrogate", "model");
        }
    }

    private static ApiException Refuse(string message, string? param = null) => new(ApiError.Invalid(message, param));
}
