namespace ModelRunner.Daemon.Models;

/// <summary>What one source of models holds.</summary>
/// <param name="Source">The name of the source: a closed list.</param>
/// <param name="Models">Its models. Two names of the same files with the same settings are one.</param>
/// <param name="Bytes">The length of all their files, each counted once.</param>
internal readonly record struct SourceSize(string Source, int Models, long Bytes);
