using System.Globalization;
using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// Which daemon something belongs to. A process number alone would be given to others later; with its start time it is unique until the
/// machine restarts, within one process namespace (a container has its own).
/// </summary>
/// <param name="Namespace">The kernel's number of the process namespace.</param>
/// <param name="ProcessId">The daemon's process.</param>
/// <param name="StartTime">When that process started, in the kernel's clock ticks since boot.</param>
internal readonly record struct DaemonIdentity(long Namespace, int ProcessId, long StartTime)
{
    /// <summary>This process.</summary>
    public static DaemonIdentity Own { get; } =
        new(ReadNamespace("self"), Environment.ProcessId, ProcessList.Find(Environment.ProcessId)?.StartTime ?? 0);

    /// <summary>
    /// Whether the daemon is of our own namespace, so that its process can be looked for, and is certainly not there any more. False where
    /// we do not know: a process whose entry cannot be read counts as alive.
    /// </summary>
    public bool IsDead => Namespace != 0 && Namespace == Own.Namespace && IsGone();

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DaemonIdentity identity)
    {
        identity = default;
        Span<Range> parts = stackalloc Range[4];
        if (text.Split(parts, '-') != 3
            || !long.TryParse(text[parts[0]], NumberStyles.None, CultureInfo.InvariantCulture, out long space)
            || !int.TryParse(text[parts[1]], NumberStyles.None, CultureInfo.InvariantCulture, out int process)
            || !long.TryParse(text[parts[2]], NumberStyles.None, CultureInfo.InvariantCulture, out long start))
        {
            return false;
        }

        identity = new DaemonIdentity(space, process, start);
        return true;
    }

    /// <summary>The number of a process's process namespace; 0 where it may not be read.</summary>
    /// <param name="process">A process number, or <c>self</c>.</param>
    public static long ReadNamespace(string process)
    {
        try
        {
            // The link reads pid:[4026531836].
            string? target = new FileInfo($"/proc/{process}/ns/pid").LinkTarget;
            return target is not null && long.TryParse(target.AsSpan(5, target.Length - 6), CultureInfo.InvariantCulture, out long number) ? number : 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return 0;
        }
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Namespace}-{ProcessId}-{StartTime}");

    /// <summary>Whether the process that had this start time is certainly gone.</summary>
    /// <param name="isNumberFree">The kernel knows no process of that number.</param>
    /// <param name="entry">What <c>/proc</c> shows under that number; null where that may not be read.</param>
    internal bool IsGone(bool isNumberFree, ProcessEntry? entry) =>
        isNumberFree || entry is { } process && (process.StartTime != StartTime || !process.IsAlive);

    private bool IsGone()
    {
        // The signal 0 is never sent; the call only says whether there is such a process, even where /proc hides it.
        bool isNumberFree = ProcessId <= 0 || (Libc.Kill(ProcessId, 0) != 0 && Marshal.GetLastPInvokeError() == Libc.ErrorNoProcess);
        return IsGone(isNumberFree, isNumberFree ? null : ProcessList.Find(ProcessId));
    }
}
