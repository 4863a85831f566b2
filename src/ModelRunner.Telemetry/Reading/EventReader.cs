using System.Buffers;

namespace ModelRunner.Telemetry.Reading;

/// <summary>
/// Finds the data of server-sent events and gives them to the scanner, in parts of any size. Lines end with CR, LF or both. Comments and all
/// fields but <c>data</c> are skipped.
/// </summary>
/// <remarks>A line whose data are a whole document ends the event, also if no empty line follows: some servers omit it.</remarks>
/// <param name="scanner">Reads the data.</param>
/// <param name="end">Called when the data of an event have ended.</param>
internal sealed class EventReader(JsonScanner scanner, Action end)
{
    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);

    private Step _step = Step.Start;
    private int _matched;
    private bool _wasReturn;

    private enum Step : byte
    {
        /// <summary>At the start of the stream, where a byte order mark may be.</summary>
        Start,

        /// <summary>In the name of a field, as far as it is <c>data</c>.</summary>
        Name,

        /// <summary>In a line that is skipped.</summary>
        Skipped,

        /// <summary>After the colon, in spaces.</summary>
        Spaces,

        /// <summary>In data that may be the end of the stream.</summary>
        Done,

        /// <summary>In data.</summary>
        Data,
    }

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    private static ReadOnlySpan<byte> FieldName => "data"u8;

    private static ReadOnlySpan<byte> DoneText => "[DONE]"u8;

    /// <summary>Whether the event <c>[DONE]</c> was read. What follows it is ignored.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Reads the next bytes.</summary>
    public void Read(ReadOnlySpan<byte> input)
    {
        while (input.Length > 0 && !IsDone)
        {
            if (_wasReturn && input[0] == '\n')
            {
                _wasReturn = false;
                input = input[1..];
                continue;
            }

            _wasReturn = false;
            int at = input.IndexOfAny(LineEnds);
            ReadLine(at < 0 ? input : input[..at]);
            if (at < 0)
                return;
            EndLine();
            _wasReturn = input[at] == '\r';
            input = input[(at + 1)..];
        }
    }

    /// <summary>Ends the stream, and with it the last line and the last event.</summary>
    public void End()
    {
        EndLine();
        if (!IsDone && !scanner.IsEmpty)
            end();
    }

    private void ReadLine(ReadOnlySpan<byte> part)
    {
        while (part.Length > 0 && _step != Step.Skipped)
        {
            if (_step == Step.Data)
            {
                scanner.Read(part);
                return;
            }

            ReadByte(part[0]);
            part = part[1..];
        }
    }

    private void ReadByte(byte value)
    {
        switch (_step)
        {
            case Step.Start when value == ByteOrderMark[_matched]:
                if (++_matched == ByteOrderMark.Length)
                    BeginLine();
                break;
            case Step.Start when _matched > 0:
                _step = Step.Skipped;
                break;
            case Step.Start or Step.Name:
                _step = Step.Name;
                ReadName(value);
                break;
            case Step.Spaces when value is (byte)' ' or (byte)'\t':
                break;
            case Step.Spaces or Step.Done:
                ReadDone(value);
                break;
        }
    }

    private void ReadName(byte value)
    {
        if (_matched < FieldName.Length && value == FieldName[_matched])
            _matched++;
        else
            (_step, _matched) = (_matched == FieldName.Length && value == ':' ? Step.Spaces : Step.Skipped, 0);
    }

    // The end of the stream can only stand alone, not in the middle of a document.
    private void ReadDone(byte value)
    {
        _step = Step.Done;
        bool isSpace = value is (byte)' ' or (byte)'\t';
        if (_matched < DoneText.Length && value == DoneText[_matched] && scanner.IsEmpty)
        {
            _matched++;
        }
        else if (_matched < DoneText.Length || !isSpace)
        {
            _step = Step.Data;
            scanner.Read(DoneText[.._matched]);
            scanner.Read([value]);
        }
    }

    private void EndLine()
    {
        bool isEmpty = _step is Step.Start or Step.Name && _matched == 0;
        if (_step == Step.Done && _matched == DoneText.Length)
            IsDone = true;
        else if (_step == Step.Done)
            scanner.Read(DoneText[.._matched]);
        if (_step is Step.Data or Step.Done && !IsDone)
            scanner.Read("\n"u8);
        if (scanner.IsClosed || (isEmpty && !scanner.IsEmpty))
            end();
        BeginLine();
    }

    private void BeginLine() => (_step, _matched) = (Step.Name, 0);
}
