using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ModelRunner.Daemon.Inference.Recording;

/// <summary>
/// Shortens pictures, sound and other data in base64 within JSON and within the events of a stream. Everything else stays as it was written.
/// </summary>
internal static class MediaText
{
    /// <summary>The characters of the data that stay, as in Docker Model Runner.</summary>
    public const int Kept = 100;

    /// <summary>A shorter string is never shortened. No usual word has so many letters.</summary>
    private const int MinLength = 256;

    private const int MaxDepth = 256;

    private static readonly SearchValues<byte> DataCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-\\"u8);

    /// <summary>Shortens the data in JSON, which may be cut off.</summary>
    public static ReadOnlySpan<byte> CutJson(ReadOnlySpan<byte> json)
    {
        if (json.Length <= MinLength)
            return json;
        var output = new ArrayBufferWriter<byte>(json.Length);
        CutJson(json, piece =>
        {
            output.Write(piece);
            return true;
        });
        return output.WrittenSpan;
    }

    /// <summary>Appends JSON to a copy, with shortened data, up to the limit of the copy. It takes no memory beyond the copy.</summary>
    public static void CutJson(ReadOnlySpan<byte> json, BodyCopy copy) => CutJson(json, piece =>
    {
        copy.Append(piece);
        return !copy.IsCut;
    });

    /// <param name="json">The text.</param>
    /// <param name="append">Takes one piece after another; false: no more.</param>
    private static void CutJson(ReadOnlySpan<byte> json, Func<ReadOnlySpan<byte>, bool> append)
    {
        int copied = 0;
        var reader = new Utf8JsonReader(json, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = MaxDepth }));
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.String || HeadOf(reader.ValueSpan) is not { } head)
                    continue;
                int start = (int)reader.TokenStartIndex + 1;
                if (!TryCut(append, json[copied..(start + reader.ValueSpan.Length)], start - copied + head))
                    return;
                copied = start + reader.ValueSpan.Length;
            }
        }
        catch (JsonException)
        {
            // It is no JSON from here on.
        }

        // The last string may be cut off.
        ReadOnlySpan<byte> rest = json[copied..];
        int quote = json[(int)reader.BytesConsumed..].IndexOf((byte)'"');
        if (quote >= 0 && HeadOf(json[((int)reader.BytesConsumed + quote + 1)..]) is { } last)
            TryCut(append, rest, (int)reader.BytesConsumed + quote + 1 - copied + last);
        else
            append(rest);
    }

    /// <summary>Shortens the data in each event of a stream, which may be cut off.</summary>
    public static ReadOnlySpan<byte> CutEvents(ReadOnlySpan<byte> events)
    {
        ReadOnlySpan<byte> prefix = "data: "u8;
        var output = new ArrayBufferWriter<byte>(Math.Max(events.Length, 1));
        while (!events.IsEmpty)
        {
            int end = events.IndexOf((byte)'\n') is >= 0 and var feed ? feed + 1 : events.Length;
            ReadOnlySpan<byte> line = events[..end];
            bool isData = line.Length > MinLength && line.StartsWith(prefix);
            if (isData)
                output.Write(prefix);
            output.Write(isData ? CutJson(line[prefix.Length..]) : line);
            events = events[end..];
        }

        return output.WrittenSpan;
    }

    /// <summary>How many bytes of a string come before its data; null: it contains no data.</summary>
    private static int? HeadOf(ReadOnlySpan<byte> text)
    {
        if (text.Length <= MinLength)
            return null;
        int head = text.StartsWith("data:"u8) && text[..MinLength].IndexOf((byte)',') is >= 0 and var comma ? comma + 1 : 0;
        return text.Length - head > Kept && !text[head..].ContainsAnyExcept(DataCharacters) ? head : null;
    }

    private static bool TryCut(Func<ReadOnlySpan<byte>, bool> append, ReadOnlySpan<byte> text, int dataStart)
    {
        int end = Math.Min(text.Length, dataStart + Kept);
        return append(text[..end])
            && append(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"...[truncated {text.Length - end} chars]")));
    }
}
