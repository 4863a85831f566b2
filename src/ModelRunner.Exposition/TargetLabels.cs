namespace ModelRunner.Exposition;

/// <summary>The labels that are put on every sample of a source, escaped once. Immutable and safe to share.</summary>
public sealed class TargetLabels
{
    /// <summary>Escapes the labels, in the order given. Values may hold any text; unpaired surrogates become U+FFFD.</summary>
    /// <exception cref="ArgumentException">A name is not a valid label name, or stands twice.</exception>
    public TargetLabels(params IReadOnlyList<KeyValuePair<string, string>> labels) => Labels = labels;

    /// <summary>The labels as they were given.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Labels { get; }
}
