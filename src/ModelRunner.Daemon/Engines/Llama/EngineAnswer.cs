using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>What an engine told of itself.</summary>
/// <param name="Flags">The arguments that it knows; null: it was not asked, or told nothing.</param>
/// <param name="Devices">Its graphics cards.</param>
/// <param name="IsLate">Whether it did not answer in time.</param>
internal readonly record struct EngineAnswer(EngineFlags? Flags, IReadOnlyList<EngineDevice> Devices, bool IsLate);
