using System.Globalization;
using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// The daemon that a process or a folder belongs to. The system reuses process ids; together with the start time an id is unique until the
/// machine restarts, within one process namespace. A container has its own namespace.
/// </summary>
/// <param name="Namespace">The kernel's number for the process namespace.</param>
/// <param name="ProcessId">The daemon's process.</param>
/// <param name="StartTime">When that process started, in the kernel's clock ticks since boot.</param>
internal readonly record struct DaemonIdentity(long Namespace, int ProcessId, long StartTime)
{
    /// <summary>This process.</summary>
    public static DaemonIdentity Own { get; } =
        new(ReadNamespace("self"), Environment.ProcessId, ProcessList.Find(Environment.ProcessId)?.StartTime ?? 0);

    /// <summary>
    /// Whether the daemon has certainly ended. Known only for a daemon of the same process namespace. False where it is not known: a process
    /// whose entry in <c>/proc</c> cannot be read counts as alive.
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

    /// <summary>Reads what <see cref="ToString"/> wrote before a hyphen and something else.</summary>
    /// <param name="text">The text.</param>
    /// <param name="identity">The daemon.</param>
    /// <param name="rest">What follows the last hyphen.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out DaemonIdentity identity, out ReadOnlySpan<char> rest)
    {
        int end = text.LastIndexOf('-');
        rest = text[(end + 1)..];
        return TryParse(text[..Math.Max(end, 0)], out identity);
    }

    /// <summary>The number of the process namespace of a process; 0 where this user may not read it.</summary>
    /// <param name="process">A process id, or <c>self</c>.</param>
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

    /// <summary>Whether the process with this start time has certainly ended.</summary>
    /// <param name="isNumberFree">No process has this id.</param>
    /// <param name="entry">The entry of this id in <c>/proc</c>; null where it cannot be read.</param>
    internal bool IsGone(bool isNumberFree, ProcessEntry? entry) =>
        isNumberFree || entry is { } process && (process.StartTime != StartTime || !process.IsAlive);

    private bool IsGone()
    {
        // Signal 0 is never delivered. The call only checks whether the process exists, even where /proc hides it.
        bool isNumberFree = ProcessId <= 0 || (Libc.Kill(ProcessId, 0) != 0 && Marshal.GetLastPInvokeError() == Libc.ErrorNoProcess);
        return IsGone(isNumberFree, isNumberFree ? null : ProcessList.Find(ProcessId));
    }
}
