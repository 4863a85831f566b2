namespace ModelRunner.Telemetry.Reading;

/// <summary>What all documents of a response said.</summary>
/// <param name="format">How the response is written.</param>
internal sealed class ResponseState(ResponseFormat format)
{
    private readonly ChoiceState[] _choices = new ChoiceState[ResponseReader.MaxChoices];
    private readonly Counts _usage = new();
    private long _contentEvents;
    private int _lastFinished;
    private bool _hasTimings;
    private bool _hasTooMany;
    private bool _isTruncated;
    private bool _hasChoices;
    private bool _hasDeltas;

    /// <summary>Whether content of a stream was seen.</summary>
    public bool HasContent => _contentEvents > 0;

    /// <summary>Whether choices were seen and neither their end nor an error.</summary>
    public bool HasOpenChoices => _hasChoices && !HasError && FindFinish() == FinishReason.None;

    /// <summary>Whether parts of Anthropic's messages or of OpenAI's responses were seen, and neither their last event nor an error.</summary>
    public bool HasOpenDeltas => _hasDeltas && !HasError && !HasEnd;

    /// <summary>Whether the engine reported an error.</summary>
    public bool HasError { get; private set; }

    /// <summary>Whether an event was seen that is the last one by its type.</summary>
    public bool HasEnd { get; private set; }

    /// <summary>Whether a part of the response could not be read.</summary>
    public bool IsLost { get; set; }

    /// <summary>Adds a document that was read to its end.</summary>
    public void Add(DocumentReader document)
    {
        HasError |= document.HasError;
        HasEnd |= document.IsEnd;
        _isTruncated |= document.IsTruncated;
        _hasDeltas |= document.IsDelta;
        _hasChoices |= document.HasChoices;
        _hasTooMany |= document.ChoiceCount > document.Choices.Length;
        bool hasContent = document.HasContent;
        foreach (ref readonly ChoicePart part in document.Choices)
        {
            hasContent |= part.HasContent;
            AddPart(part.Index, part.HasContent, part.Finish);
        }

        int own = OwnIndex(document);
        if (document.HasContent || document.Finish != FinishReason.None)
            AddPart(own, document.HasContent, document.Finish);
        if (hasContent && format == ResponseFormat.Events)
            _contentEvents++;
        if (document.Counts.HasTimings)
            SetTimings(document.Choices.IsEmpty ? own : document.Choices[^1].Index, document.Counts);
        if (document.Counts.HasUsage)
            _usage.MergeUsage(document.Counts);
    }

    /// <summary>The figures so far.</summary>
    public ResponseFigures Sum()
    {
        var figures = new ResponseFigures
        {
            ContentEvents = _contentEvents, Finish = FindFinish(), HasError = HasError, IsLost = IsLost, IsPartial = _hasTooMany,
            IsTruncated = _isTruncated,
        };
        if (_hasTimings)
            return SumTimings(figures);
        if (_usage.HasUsage)
            return SumUsage(figures);
        return _contentEvents > 0
            ? figures with { Source = FigureSource.Events, GeneratedTokens = CountEvents() }
            : figures with { Source = FigureSource.None };
    }

    // A document without choices belongs to the choice that ended last: llama-server sends the counts of each choice after its end.
    private int OwnIndex(DocumentReader document) =>
        document.IsTyped ? 0 : document.Index is { } index ? (int)index : _lastFinished;

    private void AddPart(int index, bool hasContent, FinishReason finish)
    {
        if (index >= _choices.Length)
        {
            _hasTooMany = true;
            return;
        }

        ref ChoiceState choice = ref _choices[index];
        choice.IsSeen = true;
        if (hasContent)
            choice.ContentEvents++;
        if (finish == FinishReason.None)
            return;
        choice.Finish = finish;
        _lastFinished = index;
    }

    // The counts grow from event to event, so the last ones of a choice are its whole counts.
    private void SetTimings(int index, Counts counts)
    {
        if (index >= _choices.Length)
        {
            _hasTooMany = true;
            return;
        }

        ref ChoiceState choice = ref _choices[index];
        (_hasTimings, choice.IsSeen, choice.HasTimings) = (true, true, true);
        choice.Prompt = counts[Member.PromptN] ?? 0;
        choice.Cached = counts[Member.CacheN] ?? 0;
        choice.Generated = counts[Member.PredictedN] ?? 0;
        choice.Draft = counts[Member.DraftN] ?? 0;
        choice.AcceptedDraft = counts[Member.DraftAccepted] ?? 0;
    }

    private FinishReason FindFinish()
    {
        foreach (ref readonly ChoiceState choice in _choices.AsSpan())
            if (choice.Finish != FinishReason.None)
                return choice.Finish;
        return FinishReason.None;
    }

    private long CountEvents()
    {
        long events = 0;
        foreach (ref readonly ChoiceState choice in _choices.AsSpan())
            events += choice.ContentEvents;
        return events;
    }

    private ResponseFigures SumTimings(ResponseFigures figures)
    {
        (long generated, long draft, long accepted) = (0, 0, 0);
        int choices = 0;
        ChoiceState? first = null;
        foreach (ref readonly ChoiceState choice in _choices.AsSpan())
        {
            choices += choice.IsSeen ? 1 : 0;
            generated += choice.HasTimings ? choice.Generated : format == ResponseFormat.Events ? choice.ContentEvents : 0;
            draft += choice.Draft;
            accepted += choice.AcceptedDraft;
            if (first is null && choice.HasTimings)
                first = choice;
        }

        return CompareUsage(choices, figures with
        {
            Source = FigureSource.Timings,
            PromptTokens = first!.Value.Prompt,
            CachedTokens = first.Value.Cached,
            GeneratedTokens = generated,
            DraftTokens = draft,
            AcceptedDraftTokens = Math.Min(accepted, draft),
            IsPartial = figures.IsPartial || (format == ResponseFormat.Json && choices > 1),
            ContextTokens = choices == 1 ? first.Value.Prompt + first.Value.Cached + generated : null,
        });
    }

    // Each choice of a stream has its own usage, and the last one remains.
    private ResponseFigures CompareUsage(int choices, ResponseFigures figures)
    {
        if (!_usage.HasBothSides || (format == ResponseFormat.Events && choices > 1))
            return figures;
        ResponseFigures usage = SumUsage(figures);
        long prompt = figures.PromptTokens + figures.CachedTokens - usage.PromptTokens - usage.CachedTokens;
        return figures with { UsageDrift = (prompt, figures.GeneratedTokens - usage.GeneratedTokens) };
    }

    // OpenAI counts cached tokens as a part of the prompt, Anthropic beside it. Embeddings and reranking have no generated tokens, and some
    // servers give only the total. An invalid count is not known, and is not derived from the total.
    private ResponseFigures SumUsage(ResponseFigures figures)
    {
        long? total = _usage[Member.TotalTokens];
        long? generated = _usage[Member.CompletionTokens] ?? _usage[Member.OutputTokens];
        long? prompt = _usage[Member.PromptTokens] ?? _usage[Member.InputTokens];
        bool isPromptInvalid = _usage.AreInvalid(Member.PromptTokens, Member.InputTokens);
        bool isGeneratedInvalid = _usage.AreInvalid(Member.CompletionTokens, Member.OutputTokens);
        if (!isPromptInvalid && (generated is not null || !isGeneratedInvalid))
            prompt ??= total - (generated ?? 0);
        if (!isGeneratedInvalid)
            generated ??= total - prompt;
        long whole = Math.Max(prompt ?? 0, 0);
        long cached = Math.Min(_usage[Member.CachedTokens] ?? 0, whole);

        // A stream that was cut may contain the count of its prompt only.
        long least = figures.Finish == FinishReason.None ? CountEvents() : 0;
        return figures with
        {
            Source = FigureSource.Usage,
            PromptTokens = whole - cached + (_usage[Member.CacheCreation] ?? 0),
            CachedTokens = cached + (_usage[Member.CacheRead] ?? 0),
            GeneratedTokens = Math.Max(generated ?? 0, format == ResponseFormat.Events ? least : 0),
        };
    }
}
