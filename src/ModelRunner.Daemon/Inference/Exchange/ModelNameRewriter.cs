using System.Buffers;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Writes a JSON document again, piece by piece as it comes, with another text in the member <c>model</c> of its outermost object. All else
/// passes byte for byte, also what is no JSON. Nothing is held back: each piece is written before the next one is read.
/// </summary>
/// <remarks>
/// In a stream of events a document begins anew on each line, after <c>data:</c>. There some events hold what is the whole answer otherwise:
/// Anthropic's <c>message_start</c> in the member <c>message</c>, OpenAI's <c>response.created</c> and others in <c>response</c>. The
/// <c>model</c> of that object is replaced as well.
/// </remarks>
internal sealed class ModelNameRewriter(string name, bool isEvents)
{
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]:,\n"u8);
    private static readonly SearchValues<byte> TextEnds = SearchValues.Create("\"\\\n"u8);

    // A text that is none of the keys that matter: too long, or with an escape.
    private const int OtherText = -1;

    private readonly byte[] _name = JsonText.Quote(name);
    private readonly byte[] _key = new byte["response".Length];
    private int _keyLength;
    private int _depth;
    private bool _isKey;

    // Whether the next value is that of the key message or response, and whether the present object at depth 2 is.
    private bool _leadsToAnswer;
    private bool _isInAnswer;
    private Place _place = Place.Outside;

    private enum Place
    {
        /// <summary>Between texts.</summary>
        Outside,

        /// <summary>In a text that is written as it is.</summary>
        Text,

        /// <summary>In such a text, after a backslash.</summary>
        TextEscape,

        /// <summary>After the key <c>model</c> and its colon.</summary>
        BeforeValue,

        /// <summary>In the text that was replaced.</summary>
        Value,

        /// <summary>In that text, after a backslash.</summary>
        ValueEscape,
    }

    /// <summary>Writes the next piece.</summary>
    public void Write(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        while (input.Length > 0)
        {
            int count = _place switch
            {
                Place.Outside => Skip(input, Structure, output),
                Place.Text when !_isKey => Skip(input, TextEnds, output),
                _ => 0,
            };
            input = input[count..];
            if (input.Length == 0)
                return;
            Step(input[0], output);
            input = input[1..];
        }
    }

    private static int Skip(ReadOnlySpan<byte> input, SearchValues<byte> ends, IBufferWriter<byte> output)
    {
        int end = input.IndexOfAny(ends);
        ReadOnlySpan<byte> plain = end < 0 ? input : input[..end];
        output.Write(plain);
        return plain.Length;
    }

    /// <summary>Whether the present object is one whose model is replaced.</summary>
    private bool HasModel => _depth == 1 || (_depth == 2 && _isInAnswer);

    private ReadOnlySpan<byte> Key => _keyLength == OtherText ? default : _key.AsSpan(0, _keyLength);

    private void Step(byte value, IBufferWriter<byte> output)
    {
        if (value == '\n' && isEvents)
            (_place, _depth, _isKey, _leadsToAnswer) = (Place.Outside, 0, false, false);

        switch (_place)
        {
            case Place.Outside:
                StepOutside(value);
                break;
            case Place.Text:
                StepText(value);
                break;
            case Place.TextEscape:
                _place = Place.Text;
                break;
            case Place.BeforeValue when value == '"':
                _place = Place.Value;
                output.Write(_name);
                return;
            case Place.BeforeValue when value is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n'):
                _place = Place.Outside;
                StepOutside(value);
                break;
            case Place.Value:
                _place = value switch { (byte)'"' => Place.Outside, (byte)'\\' => Place.ValueEscape, _ => Place.Value };
                return;
            case Place.ValueEscape:
                _place = Place.Value;
                return;
        }

        output.Write([value]);
    }

    private void StepOutside(byte value)
    {
        switch (value)
        {
            case (byte)'"':
                _place = Place.Text;
                _keyLength = 0;
                break;
            case (byte)'{' or (byte)'[':
                Open(isObject: value == '{');
                break;
            case (byte)'}' or (byte)']':
                _depth--;
                (_isKey, _leadsToAnswer) = (false, false);
                break;
            case (byte)',':
                (_isKey, _leadsToAnswer) = (HasModel, false);
                break;
            case (byte)':':
                EndKey();
                break;
        }
    }

    private void Open(bool isObject)
    {
        _depth++;
        if (_depth == 2)
            _isInAnswer = isObject && _leadsToAnswer;
        (_isKey, _leadsToAnswer) = (isObject && HasModel, false);
    }

    private void EndKey()
    {
        if (_isKey && Key.SequenceEqual("model"u8))
            _place = Place.BeforeValue;
        else if (_isKey && isEvents && _depth == 1)
            _leadsToAnswer = Key.SequenceEqual("message"u8) || Key.SequenceEqual("response"u8);
        _isKey = false;
    }

    private void StepText(byte value)
    {
        if (value == '"')
        {
            _place = Place.Outside;
            return;
        }

        if (value == '\\')
            _place = Place.TextEscape;
        if (value == '\\' || _keyLength == _key.Length)
            _keyLength = OtherText;
        if (_keyLength != OtherText)
            _key[_keyLength++] = value;
    }
}
