using System.Text;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>
/// Makes text of the bytes of tokens. A character is given out when all of its bytes are there, and what may be the beginning of a stop
/// text is held back until it is known, so that neither is ever split. Bytes that are no UTF-8 become U+FFFD; a character that the end of
/// the answer cuts off is left out.
/// </summary>
internal sealed class ResponseText(IReadOnlyList<string> stopTexts)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private string _held = "";

    /// <summary>Whether a stop text has come: the answer ends before it.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Takes the bytes of one token and gives the text that is certain now; it may be empty.</summary>
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

    /// <summary>Gives what was held back, when the answer ends without a stop text.</summary>
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

    // The longest end of the text that a stop text begins with.
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
