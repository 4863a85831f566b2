namespace ModelRunner.Telemetry.Reading;

/// <summary>The counts of one document by <see cref="Member"/>; absent ones are null.</summary>
internal sealed class Counts
{
    /// <summary>A larger number is not a count of tokens and is ignored.</summary>
    public const long Max = int.MaxValue;

    private const long Absent = -1;
    private const long Invalid = -2;
    private const int FirstOfUsage = (int)Member.PromptTokens;
    private const int Length = (int)Member.CacheCreation + 1;

    private readonly long[] _values = new long[Length];

    public Counts() => Clear();

    public long? this[Member member] => _values[(int)member] is >= 0 and var value ? value : null;

    /// <summary>Whether the engine's own counts are there.</summary>
    public bool HasTimings => this[Member.PromptN] is not null && this[Member.PredictedN] is not null;

    /// <summary>Whether a usage with at least one count of tokens is there.</summary>
    public bool HasUsage =>
        (this[Member.PromptTokens] ?? this[Member.InputTokens] ?? this[Member.CompletionTokens] ?? this[Member.OutputTokens] ?? this[Member.TotalTokens])
        is not null;

    /// <summary>Whether a usage with the tokens of the prompt and with generated ones is there.</summary>
    public bool HasBothSides =>
        (this[Member.PromptTokens] ?? this[Member.InputTokens]) is not null && (this[Member.CompletionTokens] ?? this[Member.OutputTokens]) is not null;

    public static bool IsCount(Member member) => (int)member < Length;

    /// <summary>Whether one of these members is there without a count: its value is invalid.</summary>
    public bool AreInvalid(Member member, Member other) => _values[(int)member] == Invalid || _values[(int)other] == Invalid;

    /// <summary>Sets a count; null: the member is there, and its value is not a count or is not known yet.</summary>
    public void Set(Member member, long? value) => _values[(int)member] = value ?? Invalid;

    public void Clear() => _values.AsSpan().Fill(Absent);

    public void ClearTimings() => _values.AsSpan(0, FirstOfUsage).Fill(Absent);

    public void ClearUsage() => _values.AsSpan(FirstOfUsage).Fill(Absent);

    /// <summary>Takes the counts of usage that the other document has. An invalid count does not replace a known one.</summary>
    public void MergeUsage(Counts other)
    {
        for (int i = FirstOfUsage; i < Length; i++)
            if (other._values[i] >= 0 || (other._values[i] == Invalid && _values[i] == Absent))
                _values[i] = other._values[i];
    }
}
