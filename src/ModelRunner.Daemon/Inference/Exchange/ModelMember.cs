using System.Text.Json;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>The member <c>model</c> of a request body: the only member that the daemon may change.</summary>
internal static class ModelMember
{
    // The same depth as the check of the request.
    private const int MaxDepth = 256;

    /// <summary>
    /// The body in parts, with another name as the value of <c>model</c>. If the member occurs twice, the last one is replaced, which is the
    /// one that counts. A body without the member, or one that is not JSON, stays as it is.
    /// </summary>
    /// <param name="body">The client's body.</param>
    /// <param name="name">The name to write.</param>
    public static ReadOnlyMemory<byte>[] Replace(ReadOnlyMemory<byte> body, string name)
    {
        (int start, int end) = Find(body.Span);
        return end == 0 ? [body] : [body[..start], JsonText.Quote(name), body[end..]];
    }

    private static (int Start, int End) Find(ReadOnlySpan<byte> body)
    {
        (int Start, int End) place = default;
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return default;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isModel = reader.ValueTextEquals("model"u8);
                reader.Read();
                if (isModel && reader.TokenType == JsonTokenType.String)
                    place = ((int)reader.TokenStartIndex, (int)reader.BytesConsumed);
                reader.Skip();
            }
        }
        catch (JsonException)
        {
            return default;
        }

        return place;
    }
}
