using ModelRunner.Gguf;

namespace ModelRunner.Daemon.Models;

/// <summary>What a reading of a model's headers found.</summary>
/// <param name="Outcome">The header of the first shard, or the problem.</param>
/// <param name="IsBeingWritten">Whether a file ends too early and was changed a moment ago.</param>
internal sealed record HeaderReading(GgufReadOutcome Outcome, bool IsBeingWritten = false)
{
    /// <summary>Whether the problem may pass without a change of the file that is told: the file is written, or the system did not let it be read.</summary>
    public bool MayPass => Outcome is { SoFar: not null } or { IsUnreadable: true };
}
