using System.Buffers;

namespace ModelRunner.Daemon.Forwarding;

/// <summary>
/// Writes a JSON document again, piece by piece as it comes, with another text in the member <c>model</c> of its outermost object. All else
/// passes byte for byte, also what is no JSON. Nothing is held back: each piece is written before the next one is read.
/// </summary>
/// <remarks>In a stream of events a document begins anew on each line, after <c>data:</c>.</remarks>
internal sealed class ModelNameRewriter(string name, bool isEvents)
{
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]:,\n"u8);
    private static readonly SearchValues<byte> TextEnds = SearchValues.Create("\"\\\n"u8);

    private static ReadOnlySpan<byte> Member => "model"u8;

    private readonly byte[] _name = JsonText.Quote(name);
    private int _depth;
    private int _matched;
    private bool _isKey;
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

    private void Step(byte value, IBufferWriter<byte> output)
    {
        if (value == '\n' && isEvents)
            (_place, _depth, _isKey) = (Place.Outside, 0, false);

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
                _matched = 0;
                break;
            case (byte)'{':
                _depth++;
                _isKey = _depth == 1;
                break;
            case (byte)'[':
                _depth++;
                _isKey = false;
                break;
            case (byte)'}' or (byte)']':
                _depth--;
                _isKey = false;
                break;
            case (byte)',':
                _isKey = _depth == 1;
                break;
            case (byte)':':
                if (_isKey && _matched == Member.Length)
                    _place = Place.BeforeValue;
                _isKey = false;
                break;
        }
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
        bool continues = _matched >= 0 && _matched < Member.Length && Member[_matched] == value;
        _matched = continues ? _matched + 1 : -1;
    }
}
