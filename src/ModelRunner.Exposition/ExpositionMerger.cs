namespace ModelRunner.Exposition;

/// <summary>
/// Merges the pages of many sources into one. Use: <see cref="Add"/> for each source, <see cref="AddOwn"/> for the caller's own families,
/// then <see cref="WriteTo"/>, then <see cref="Reset"/> before the next page. Keeps its buffers, so one instance per concurrent page
/// allocates next to nothing. Not thread-safe.
/// </summary>
public sealed class ExpositionMerger(ExpositionLimits limits)
{
    /// <summary>Reads one source. The bytes are borrowed: they must stay unchanged until <see cref="Reset"/>.</summary>
    public SourceSummary Add(TargetLabels labels, ReadOnlyMemory<byte> body) => throw new NotImplementedException(limits.ToString());

    /// <summary>
    /// Adds families whose names begin with <c>model_runner_</c>, which no other source may use. They get no further labels. The bytes are
    /// borrowed like those of <see cref="Add"/>.
    /// </summary>
    public void AddOwn(ReadOnlyMemory<byte> body) => throw new NotImplementedException();

    /// <summary>Resolves conflicts between sources: types, helps, suffix clashes, duplicate series. Idempotent until the next Add.</summary>
    public void Merge() => throw new NotImplementedException();

    /// <summary>Writes the page. Merges first where that has not been done.</summary>
    public void WriteTo(System.Buffers.IBufferWriter<byte> output, ExpositionFormat format, NameEscaping escaping) => throw new NotImplementedException();

    /// <summary>Forgets all sources and lets go of their bytes.</summary>
    public void Reset() => throw new NotImplementedException();
}
