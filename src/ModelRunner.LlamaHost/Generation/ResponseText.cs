using System.Text;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>
/// Decodes the bytes of tokens to text. A character is written when all its bytes are there, and text that may be the beginning of a stop
/// text is held back until this is known, so that neither is split. Bytes that are not UTF-8 become U+FFFD; a character that is incomplete
/// at the end of the response is dropped.
/// </summary>
internal sealed class ResponseText(IReadOnlyList<string> stopTexts)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private string _held = "";

    /// <summary>Whether a stop text occurred: the response ends before it.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Adds the bytes of one token and returns the text that is certain now; it may be empty.</summary>
    public string Add(ReadOnlySpan<byte> bytes)
    {
        if (IsStopped)
            return "";

        char[] characters = new char[_decoder.GetCharCount(bytes, flush: false)];
        _decoder.GetChars(bytes, characters, flush: false);
        string text = _held + new string(characters);
        int stop = FirstStop(text);
        if (stop >= 0)
        {
            IsStopped = true;
            _held = "";
            return text[..stop];
        }

        int certain = text.Length - HeldLength(text);
        _held = text[certain..];
        return text[..certain];
    }

    /// <summary>Returns the text that was held back, for a response that ends without a stop text.</summary>
    public string Finish()
    {
        string rest = _held;
        _held = "";
        return rest;
    }

    private int FirstStop(string text)
    {
        int first = -1;
        foreach (string stop in stopTexts)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (first < 0 || at < first))
                first = at;
        }

        return first;
    }

    // The longest suffix of the text that is a prefix of a stop text.
    private int HeldLength(string text)
    {
        int held = 0;
        foreach (string stop in stopTexts)
        {
            for (int length = Math.Min(stop.Length - 1, text.Length); length > held; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                    held = length;
            }
        }

        return held;
    }
}
