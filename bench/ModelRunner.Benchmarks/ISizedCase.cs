namespace ModelRunner.Benchmarks;

/// <summary>An input with a size, for <see cref="ThroughputColumn"/>.</summary>
public interface ISizedCase
{
    /// <summary>The bytes that one operation reads.</summary>
    long TotalBytes { get; }
}
