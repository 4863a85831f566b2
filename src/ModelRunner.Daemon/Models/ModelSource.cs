using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Models;

/// <summary>A model that somebody named, before its file is looked into.</summary>
/// <param name="Reference">The canonical reference.</param>
/// <param name="File">Its file; null where only attached runners serve it, or where it is configured and nothing has it.</param>
/// <param name="Settings">What the configuration says of it.</param>
/// <param name="AttachedModes">The modes of the attached runners that serve it.</param>
internal sealed record ModelSource(
    ModelReference Reference, ModelFile? File, ModelSettings Settings, IReadOnlyList<RunnerMode> AttachedModes)
{
    /// <summary>Its image projector as the last look saw it, the configured one or the one that lies beside it; null: it has none.</summary>
    public ModelFile? Projector { get; init; }
}
