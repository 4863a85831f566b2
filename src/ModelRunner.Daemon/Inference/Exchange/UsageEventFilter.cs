using System.Buffers;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Removes the events of a stream that have only token counts, for a client that did not ask for them: an object <c>usage</c> and no
/// <c>choices</c>. All other bytes are passed on unchanged. Lines end with LF or CRLF.
/// </summary>
/// <remarks>
/// <para>No event is delayed: it is passed on as soon as the JSON of its data is complete, and a comment before an event at once. An event
/// that is longer than <see cref="MaxHeld"/> until then, or that has other data than JSON, is passed on without a further check.</para>
/// <para>A line that completes the JSON ends the event, also if no empty line follows: some servers omit it.</para>
/// </remarks>
internal sealed class UsageEventFilter
{
    /// <summary>The most bytes of an event that are held back.</summary>
    public const int MaxHeld = 256 * 1024;

    private readonly UsageDocument _document = new();
    private readonly ArrayBufferWriter<byte> _passed = new();
    private readonly ArrayBufferWriter<byte> _held = new();

    // Where the current line begins in what is held, and whether an earlier part of it was passed on already.
    private int _line;
    private bool _isCut;

    // Whether the rest of the current event is passed on, or left out.
    private bool _isPassing;
    private bool _isRemoving;

    private enum Step
    {
        Pass,
        Hold,
        Remove,
    }

    /// <summary>Takes the next part of the stream.</summary>
    /// <returns>What is passed on now; valid until the next call.</returns>
    public ReadOnlySpan<byte> Take(ReadOnlySpan<byte> part)
    {
        _passed.ResetWrittenCount();
        while (part.Length > 0)
        {
            int end = part.IndexOf((byte)'\n') + 1;
            _held.Write(end == 0 ? part : part[..end]);
            if (end == 0)
            {
                TakeIncompleteLine();
                break;
            }

            Do(Judge(_held.WrittenSpan[_line..]));
            _isCut = false;
            part = part[end..];
        }

        return _passed.WrittenSpan;
    }

    /// <summary>Takes the end of the stream.</summary>
    /// <returns>What is passed on at the end.</returns>
    public ReadOnlySpan<byte> End()
    {
        _passed.ResetWrittenCount();
        bool isRemoved = _held.WrittenCount > _line && Judge(_held.WrittenSpan[_line..]) == Step.Remove;
        Do(isRemoved ? Step.Remove : Step.Pass);
        return _passed.WrittenSpan;
    }

    private void TakeIncompleteLine()
    {
        // One byte may be the beginning of an empty line.
        _isPassing |= _held.WrittenCount > MaxHeld;
        if (!_isPassing || (!_isCut && _held.WrittenCount - _line == 1))
            return;
        Do(Step.Pass);
        _isCut = true;
    }

    private void Do(Step action)
    {
        if (action == Step.Pass)
            _passed.Write(_held.WrittenSpan);
        if (action != Step.Hold)
        {
            _held.ResetWrittenCount();
            _document.Clear();
        }

        _line = _held.WrittenCount;
    }

    private Step Judge(ReadOnlySpan<byte> line)
    {
        bool isEmpty = !_isCut && line is [(byte)'\n'] or [(byte)'\r', (byte)'\n'];
        if (isEmpty)
        {
            bool isRemoved = _isRemoving;
            (_isPassing, _isRemoving) = (false, false);
            return isRemoved ? Step.Remove : Step.Pass;
        }

        _isPassing |= _held.WrittenCount > MaxHeld;
        if (_isPassing)
            return Step.Pass;
        bool isComment = line[0] == ':';
        bool isData = line.StartsWith("data:"u8);
        _isRemoving &= !isComment && !isData;
        if (_isRemoving)
            return Step.Remove;
        if (isData)
            return JudgeData(line["data:".Length..]);
        return isComment && _line == 0 ? Step.Pass : Step.Hold;
    }

    private Step JudgeData(ReadOnlySpan<byte> data)
    {
        _document.Read(data);
        switch (_document.Verdict)
        {
            case UsageVerdict.Usage:
                _isRemoving = true;
                return Step.Remove;
            case UsageVerdict.Other:
                return Step.Pass;
            case UsageVerdict.Unreadable:
                _isPassing = true;
                return Step.Pass;
            default:
                return Step.Hold;
        }
    }
}
