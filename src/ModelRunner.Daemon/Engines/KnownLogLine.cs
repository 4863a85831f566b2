using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines;

/// <summary>A line of an engine's log that explains why it ended.</summary>
/// <param name="Core">The text that identifies it.</param>
/// <param name="Reason">What it means.</param>
/// <param name="Explanation">The explanation for the user; the line itself follows in brackets.</param>
internal readonly record struct KnownLogLine(string Core, StopReason Reason, string Explanation)
{
    /// <summary>What ended it, if that is more precise than the reason; null: it is not.</summary>
    public CrashClass? Class { get; init; }
}
