using System.Text.Json;
using System.Text.Unicode;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Inference;

/// <summary>The members of a request's JSON that the daemon itself looks at. All else is the runner's business.</summary>
/// <param name="Model">The reference as the client wrote it; not empty.</param>
/// <param name="IsStream">Whether the answer is asked for as a stream of events.</param>
internal readonly record struct RequestEnvelope(string Model, bool IsStream)
{
    /// <summary>Bytes of a name as it is written. A text of the size of a body would be copied twice before anybody looked at it.</summary>
    private const int MaxModel = 4096;

    /// <summary>Nested deeper than any JSON schema of a tool that people write; llama-server's reader recurses.</summary>
    private const int MaxDepth = 256;

    /// <summary>
    /// Reads a body once from end to end without keeping it, so that what passes is JSON as a whole. Of members that come twice the last
    /// one counts, as in llama-server.
    /// </summary>
    /// <exception cref="ApiException">It is no JSON object with a text as <c>model</c>.</exception>
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
            throw Refuse("the request's \"model\" is not a valid text: it holds half of a surrogate pair", "model");
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
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Refuse("the request's body is not a JSON object");

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isModel = reader.ValueTextEquals("model"u8);
            bool isStreamMember = reader.ValueTextEquals("stream"u8);
            reader.Read();
            if (isModel)
                model = ReadModel(ref reader);
            else if (isStreamMember)
                isStream = reader.TokenType == JsonTokenType.True;
            reader.Skip();
        }

        // Finds what follows the object.
        reader.Read();
        return string.IsNullOrEmpty(model)
            ? throw Refuse("the request names no \"model\"; GET /v1/models lists those there are", "model")
            : new RequestEnvelope(model, isStream);
    }

    // The reader's exceptions differ only in their texts. It stops before the bracket that it does not take, and does not count the one before.
    private static bool IsTooDeep(in Utf8JsonReader reader, ReadOnlySpan<byte> body) =>
        reader.CurrentDepth >= (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray ? MaxDepth - 1 : MaxDepth)
        && body[(int)reader.BytesConsumed..].IndexOfAny("[{"u8) == 0;

    private static string? ReadModel(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
            throw Refuse("\"model\" is not a text", "model");
        return reader.ValueSpan.Length <= MaxModel
            ? reader.GetString()
            : throw Refuse($"\"model\" is longer than {MaxModel} bytes; GET /v1/models lists those there are", "model");
    }

    private static ApiException Refuse(string message, string? param = null) => new(ApiError.Invalid(message, param));
}
