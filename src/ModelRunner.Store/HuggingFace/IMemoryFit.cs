namespace ModelRunner.Store.HuggingFace;

/// <summary>Says which models fit into the memory of this machine, before they are fetched. Implementations are thread-safe.</summary>
internal interface IMemoryFit
{
    /// <summary>The bytes of memory that a model may need; null: there is no limit, or it is not known.</summary>
    long? LimitBytes { get; }

    /// <summary>The bytes of memory that a model would need beside what it may put on graphics cards.</summary>
    /// <param name="head">The beginning of its first file; empty: it could not be read.</param>
    /// <param name="fileBytes">The whole length of that file.</param>
    /// <param name="weightBytes">The bytes of all its files.</param>
    /// <returns>Null: the beginning has no whole header that can be read.</returns>
    long? NeedOf(ReadOnlyMemory<byte> head, long fileBytes, long weightBytes);
}
