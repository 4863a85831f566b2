using System.Text.Json;

namespace ModelRunner.Telemetry.Tests.Support;

/// <summary>Adds up the documents of a response.</summary>
internal sealed class ReferenceSum(ResponseFormat format)
{
    private const int MaxChoices = 16;

    private readonly SortedDictionary<int, ReferenceChoice> _choices = [];
    private readonly Dictionary<string, long> _usage = new(StringComparer.Ordinal);
    private readonly HashSet<string> _invalid = new(StringComparer.Ordinal);
    private long _events;
    private int _lastFinished;
    private bool _hasError;
    private bool _hasTooMany;

    public ResponseFigures Sum(IEnumerable<JsonElement> documents)
    {
        foreach (JsonElement document in documents.Where(static document => document.ValueKind == JsonValueKind.Object))
            Add(new ReferenceDocument(document));
        FinishReason finish = _choices.Values.Select(static choice => choice.Finish).FirstOrDefault(static reason => reason != FinishReason.None);
        var figures = new ResponseFigures
        {
            Source = FigureSource.None, ContentEvents = _events, Finish = finish, HasError = _hasError, IsPartial = _hasTooMany,
        };
        long counted = format == ResponseFormat.Events ? _choices.Values.Sum(static choice => choice.Events) : 0;
        if (_choices.Values.FirstOrDefault(static choice => choice.Timings is not null)?.Timings is { } first)
            figures = figures with
            {
                Source = FigureSource.Timings,
                PromptTokens = first.GetValueOrDefault("prompt_n"),
                CachedTokens = first.GetValueOrDefault("cache_n"),
                GeneratedTokens = _choices.Values.Sum(choice =>
                    choice.Timings?.GetValueOrDefault("predicted_n") ?? (format == ResponseFormat.Events ? choice.Events : 0)),
                DraftTokens = SumOf("draft_n"),
                AcceptedDraftTokens = Math.Min(SumOf("draft_n"), SumOf("draft_n_accepted")),
                IsPartial = _hasTooMany || (format == ResponseFormat.Json && _choices.Count > 1),
                ContextTokens = _choices.Count == 1
                    ? first.GetValueOrDefault("prompt_n") + first.GetValueOrDefault("cache_n") + first.GetValueOrDefault("predicted_n")
                    : null,
            };
        bool hasBoth = Has("prompt_tokens", "input_tokens") && Has("completion_tokens", "output_tokens");
        if (figures.Source == FigureSource.Timings && (!hasBoth || (format == ResponseFormat.Events && _choices.Count > 1)))
            return figures;
        if (!_usage.Keys.Any(static name => name is "prompt_tokens" or "input_tokens" or "completion_tokens" or "output_tokens" or "total_tokens"))
            return _events > 0 ? figures with { Source = FigureSource.Events, GeneratedTokens = counted } : figures;

        long? total = Usage("total_tokens");
        long? generated = Usage("completion_tokens") ?? Usage("output_tokens");
        bool isGeneratedKnown = generated is not null || !IsInvalid("completion_tokens", "output_tokens");
        long? prompt = Usage("prompt_tokens") ?? Usage("input_tokens")
            ?? (IsInvalid("prompt_tokens", "input_tokens") || !isGeneratedKnown ? null : total - (generated ?? 0));
        long whole = Math.Max(0, prompt ?? 0);
        long cached = Math.Min(whole, Usage("cached_tokens") ?? 0);
        ResponseFigures usage = figures with
        {
            Source = FigureSource.Usage,
            PromptTokens = whole - cached + (Usage("cache_creation_input_tokens") ?? 0),
            CachedTokens = cached + (Usage("cache_read_input_tokens") ?? 0),
            GeneratedTokens = Math.Max(generated ?? (IsInvalid("completion_tokens", "output_tokens") ? 0 : total - prompt ?? 0), finish == FinishReason.None ? counted : 0),
        };
        long known = usage.PromptTokens + usage.CachedTokens;
        return figures.Source == FigureSource.Timings
            ? figures with { UsageDrift = (figures.PromptTokens + figures.CachedTokens - known, figures.GeneratedTokens - usage.GeneratedTokens) }
            : usage;
    }

    private bool Has(string name, string other) => _usage.ContainsKey(name) || _usage.ContainsKey(other);

    private bool IsInvalid(string name, string other) => _invalid.Contains(name) || _invalid.Contains(other);

    private long? Usage(string name) => _usage.TryGetValue(name, out long count) ? count : null;

    private long SumOf(string name) => _choices.Values.Sum(choice => choice.Timings?.GetValueOrDefault(name) ?? 0);

    private void Add(ReferenceDocument document)
    {
        _hasError |= document.HasError;
        _hasTooMany |= document.Choices.Count > MaxChoices;
        List<(int Index, bool HasContent, FinishReason Finish)> choices = [.. document.Choices.Take(MaxChoices)];
        foreach ((int index, bool hasContent, FinishReason finish) in choices)
            AddPart(index, hasContent, finish);
        int own = document.HasType ? 0 : document.Index ?? _lastFinished;
        if (document.HasContent || document.Finish != FinishReason.None)
            AddPart(own, document.HasContent, document.Finish);
        if (format == ResponseFormat.Events && (document.HasContent || choices.Any(static choice => choice.HasContent)))
            _events++;
        if (document.Timings.ContainsKey("prompt_n") && document.Timings.ContainsKey("predicted_n")
            && Get(choices.Count > 0 ? choices[^1].Index : own) is { } timed)
            timed.Timings = document.Timings;
        if (document.Usage.Keys.Any(static name => name is "prompt_tokens" or "input_tokens" or "completion_tokens" or "output_tokens" or "total_tokens"))
        {
            foreach ((string name, long count) in document.Usage)
                _usage[name] = count;
            _invalid.UnionWith(document.Invalid);
            _invalid.ExceptWith(_usage.Keys);
        }
    }

    private void AddPart(int index, bool hasContent, FinishReason finish)
    {
        if (Get(index) is not { } choice)
            return;
        choice.Events += hasContent ? 1 : 0;
        if (finish != FinishReason.None)
            (choice.Finish, _lastFinished) = (finish, index);
    }

    private ReferenceChoice? Get(int index)
    {
        if (index >= MaxChoices)
        {
            _hasTooMany = true;
            return null;
        }

        if (!_choices.TryGetValue(index, out ReferenceChoice? choice))
            _choices.Add(index, choice = new ReferenceChoice());
        return choice;
    }
}
