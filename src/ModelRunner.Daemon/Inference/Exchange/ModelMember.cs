using System.Text.Json;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>The member <c>model</c> of a request: the only thing in a body that the daemon may change.</summary>
internal static class ModelMember
{
    // As deep as what was accepted before.
    private const int MaxDepth = 256;

    /// <summary>
    /// The body in pieces, with another name in the place of the model's. Of members that come twice the last one is replaced, which is the
    /// one that counts. A body without the member, or that is no JSON, stays as it is.
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
