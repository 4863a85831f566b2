namespace ModelRunner.Daemon.Accounting;

/// <summary>The most memory that was measured of one start of a runner, after it was ready. Immutable.</summary>
/// <param name="Key">The file, the engine and the arguments, as <c>MemoryKey</c> writes them.</param>
/// <param name="Load">
/// The number of the start. Those of this process have the <see cref="RunnerLife.Id"/>; those of earlier ones are 0 or less, the latest the largest.
/// </param>
/// <param name="ResidentBytes">The resident memory of its processes, mapped files included.</param>
/// <param name="GraphicsBytes">Their memory on all graphics cards together; null: it is not known.</param>
/// <param name="HasServed">Whether it had served a request by then.</param>
internal sealed record LoadPeak(string Key, long Load, long ResidentBytes, long? GraphicsBytes, bool HasServed);
