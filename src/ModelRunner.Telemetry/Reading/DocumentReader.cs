namespace ModelRunner.Telemetry.Reading;

/// <summary>
/// Collects what one JSON document says of the response. <see cref="JsonScanner"/> calls it for each key and each value of the containers that
/// are read. If a member occurs twice, the last one counts.
/// </summary>
internal sealed class DocumentReader
{
    private const int MaxPlaces = 8;

    private readonly Place[] _places = new Place[MaxPlaces];
    private readonly ChoicePart[] _choices = new ChoicePart[ResponseReader.MaxChoices];
    private int _depth;
    private Member _member = Member.Other;
    private EventKind _kind;
    private ResponseStatus _status;
    private FinishReason _finish;
    private FinishReason _incomplete;
    private bool _hasContent;
    private bool _hasDelta;

    /// <summary>The counts.</summary>
    public Counts Counts { get; } = new();

    /// <summary>The choices of the document.</summary>
    public ReadOnlySpan<ChoicePart> Choices => _choices.AsSpan(0, Math.Min(ChoiceCount, _choices.Length));

    /// <summary>The number of choices of the document, those included that are not kept.</summary>
    public int ChoiceCount { get; private set; }

    /// <summary>Whether it has the array <c>choices</c>, which may be empty.</summary>
    public bool HasChoices { get; private set; }

    /// <summary>The <c>index</c> of the document itself, as llama-server's own format has it; null: none.</summary>
    public long? Index { get; private set; }

    /// <summary>Whether the engine reports an error.</summary>
    public bool HasError { get; private set; }

    /// <summary>Whether the engine left out a part of the prompt or of the context.</summary>
    public bool IsTruncated { get; private set; }

    /// <summary>Whether it has content outside of choices.</summary>
    public bool HasContent => _hasContent || (_hasDelta && _kind == EventKind.Delta);

    /// <summary>Whether it is a part of Anthropic's messages or of OpenAI's responses, whose streams have a last event.</summary>
    public bool IsDelta => _kind == EventKind.Delta;

    /// <summary>Whether no event follows it.</summary>
    public bool IsEnd => _kind == EventKind.End;

    /// <summary>Whether it is an error or an event with a type, whose index is not that of a choice.</summary>
    public bool IsTyped => _kind != EventKind.None;

    /// <summary>Why the response ended, if that is written outside of choices.</summary>
    public FinishReason Finish => _finish != FinishReason.None ? _finish : FinishWords.ReadStatus(_status, _incomplete);

    /// <summary>Whether the text of the current value is compared with known words.</summary>
    public bool WantsWord => MemberTable.HasWord(_member);

    /// <summary>Whether the current value is content if it is a container with something in it.</summary>
    public bool IsContent => _member == Member.Content;

    private Place Place => _depth == 0 ? Place.Outside : _places[_depth - 1];

    /// <summary>Begins another document.</summary>
    public void Clear()
    {
        Counts.Clear();
        (_depth, _member) = (0, Member.Other);
        (_kind, _status, _finish, _incomplete) = (EventKind.None, ResponseStatus.Unknown, FinishReason.None, FinishReason.None);
        (_hasContent, _hasDelta) = (false, false);
        (ChoiceCount, HasChoices, Index, HasError) = (0, false, null, false);
        IsTruncated = false;
    }

    /// <summary>Begins a member of an object; it forgets what an earlier member of that name said.</summary>
    public void Key(ReadOnlySpan<byte> name)
    {
        _member = MemberTable.Find(Place, name);
        if (Counts.IsCount(_member))
            Counts.Set(_member, null);
        switch (_member)
        {
            case Member.Usage:
                Counts.ClearUsage();
                break;
            case Member.Timings:
                Counts.ClearTimings();
                break;
            case Member.Choices:
                (ChoiceCount, HasChoices) = (0, false);
                break;
        }
    }

    /// <summary>Begins a container.</summary>
    /// <returns>Whether it is read. Otherwise its content is skipped, and <see cref="Close"/> is not called for it.</returns>
    public bool Open(bool isObject)
    {
        Place place = MemberTable.Open(Place, _member, isObject);
        if (_member == Member.Error)
            HasError = true;
        if (place == Place.Outside || _depth == MaxPlaces)
            return false;
        if (place == Place.Choices)
            HasChoices = true;
        if (place == Place.Choice && ChoiceCount++ < _choices.Length)
            _choices[ChoiceCount - 1] = default;
        _places[_depth++] = place;
        _member = Member.Other;
        return true;
    }

    /// <summary>Ends a container that is read.</summary>
    public void Close()
    {
        _depth--;
        _member = Member.Other;
    }

    /// <summary>The current value is a text.</summary>
    /// <param name="word">The text if <see cref="WantsWord"/> and if it is not too long.</param>
    /// <param name="isEmpty">Whether it is empty.</param>
    public void Text(ReadOnlySpan<byte> word, bool isEmpty)
    {
        switch (_member)
        {
            case Member.Content when !isEmpty:
                SetContent();
                break;
            case Member.BlockDelta when !isEmpty:
                _hasDelta = true;
                break;
            case Member.Error when !isEmpty:
                HasError = true;
                break;
            case Member.Type:
                _kind = FinishWords.ReadType(word);
                HasError |= _kind == EventKind.Error;
                break;
            case Member.Status:
                _status = FinishWords.ReadStatus(word);
                HasError |= _status == ResponseStatus.Failed;
                break;
            case Member.IncompleteReason:
                _incomplete = FinishWords.Read(word);
                break;
            case Member.Finish:
                SetFinish(isEmpty || !word.IsEmpty ? FinishWords.Read(word) : FinishReason.Other);
                break;
        }
    }

    /// <summary>The current value is a number.</summary>
    /// <param name="count">The number if it is a count of tokens or an index: an integer from 0 to <see cref="Counts.Max"/>. Else null.</param>
    public void Number(long? count)
    {
        if (Counts.IsCount(_member))
            Counts.Set(_member, count);
        else if (_member == Member.Error)
            HasError = true;
        else if (_member == Member.Index && Place == Place.Choice && ChoiceCount <= _choices.Length)
            _choices[ChoiceCount - 1].Index = (int)(count ?? 0);
        else if (_member == Member.Index && Place == Place.Root)
            Index = count;
    }

    /// <summary>The current value is true, false or null. Null, false and an empty text report no error.</summary>
    public void Literal(bool isTrue)
    {
        HasError |= _member == Member.Error && isTrue;
        if (_member == Member.Truncated)
            IsTruncated = isTrue;
    }

    /// <summary>The current value is content.</summary>
    public void SetContent()
    {
        if (Place == Place.BlockDelta)
            _hasDelta = true;
        else if (Place is not (Place.Choice or Place.Delta))
            _hasContent = true;
        else if (ChoiceCount <= _choices.Length)
            _choices[ChoiceCount - 1].HasContent = true;
    }

    private void SetFinish(FinishReason reason)
    {
        if (Place != Place.Choice)
            _finish = reason;
        else if (ChoiceCount <= _choices.Length)
            _choices[ChoiceCount - 1].Finish = reason;
    }
}
