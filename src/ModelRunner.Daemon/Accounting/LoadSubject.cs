using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Accounting;

/// <summary>What is loaded, and by what. Immutable.</summary>
/// <param name="Exact">The file, the engine's program and the arguments, as <c>MemoryKey</c> writes them; null: they are not known.</param>
/// <param name="Key">Backend, model and mode.</param>
/// <param name="Engine">The name of the engine or of the build.</param>
/// <param name="WeightBytes">The bytes of its files; 0: not known.</param>
internal sealed record LoadSubject(string? Exact, RunnerKey Key, string Engine, long WeightBytes);
