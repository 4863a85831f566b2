using System.Diagnostics;

namespace ModelRunner.Reliability.Lab;

/// <summary>The time since the start of this program.</summary>
internal static class Clock
{
    private static readonly long Started = Stopwatch.GetTimestamp();

    public static TimeSpan Now => Stopwatch.GetElapsedTime(Started);
}
