using System.Buffers;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Copies a JSON document, part by part as it arrives, and replaces the value of <c>model</c> in its outermost object. All other bytes are
/// copied unchanged, also if they are not JSON. Nothing is held back: each part is written before the next one is read.
/// </summary>
/// <remarks>
/// In an event stream a new document begins on each line, after <c>data:</c>. Some events contain the object that is the whole response
/// otherwise: Anthropic's <c>message_start</c> in the member <c>message</c>, OpenAI's <c>response.created</c> and others in <c>response</c>.
/// The <c>model</c> of that object is replaced as well.
/// </remarks>
internal sealed class ModelNameRewriter(string name, bool isEvents)
{
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]:,\n"u8);
    private static readonly SearchValues<byte> TextEnds = SearchValues.Create("\"\\\n"u8);

    // A key that cannot be one of those below: too long, or with an escape.
    private const int OtherText = -1;

    private readonly byte[] _name = JsonText.Quote(name);
    private readonly byte[] _key = new byte["response".Length];
    private int _keyLength;
    private int _depth;
    private bool _isKey;

    // Whether the next value is that of the key message or response, and whether the current object at depth 2 is.
    private bool _leadsToResponse;
    private bool _isInResponse;
    private Place _place = Place.Outside;

    private enum Place
    {
        /// <summary>Outside of strings.</summary>
        Outside,

        /// <summary>In a string that is copied.</summary>
        Text,

        /// <summary>In such a string, after a backslash.</summary>
        TextEscape,

        /// <summary>After the key <c>model</c> and its colon.</summary>
        BeforeValue,

        /// <summary>In the string that was replaced.</summary>
        Value,

        /// <summary>In that string, after a backslash.</summary>
        ValueEscape,
    }

    /// <summary>Writes the next part.</summary>
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

    /// <summary>Whether the <c>model</c> of the current object is replaced.</summary>
    private bool HasModel => _depth == 1 || (_depth == 2 && _isInResponse);

    private ReadOnlySpan<byte> Key => _keyLength == OtherText ? default : _key.AsSpan(0, _keyLength);

    private void Step(byte value, IBufferWriter<byte> output)
    {
        if (value == '\n' && isEvents)
            (_place, _depth, _isKey, _leadsToResponse) = (Place.Outside, 0, false, false);

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
                (_isKey, _leadsToResponse) = (false, false);
                break;
            case (byte)',':
                (_isKey, _leadsToResponse) = (HasModel, false);
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
            _isInResponse = isObject && _leadsToResponse;
        (_isKey, _leadsToResponse) = (isObject && HasModel, false);
    }

    private void EndKey()
    {
        if (_isKey && Key.SequenceEqual("model"u8))
            _place = Place.BeforeValue;
        else if (_isKey && isEvents && _depth == 1)
            _leadsToResponse = Key.SequenceEqual("message"u8) || Key.SequenceEqual("response"u8);
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
