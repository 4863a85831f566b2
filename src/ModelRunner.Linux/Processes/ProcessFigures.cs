namespace ModelRunner.Linux.Processes;

/// <summary>What one process uses.</summary>
/// <param name="StartTime">When it started, as in <see cref="ProcessEntry"/>.</param>
/// <param name="ResidentBytes">Its memory, mapped files included.</param>
/// <param name="CpuTime">Its processor time since its start, and that of its children that have ended and that it waited for.</param>
internal readonly record struct ProcessFigures(long StartTime, long ResidentBytes, TimeSpan CpuTime);
