using System.Globalization;

namespace ModelRunner.Daemon.Runners.Processes;

/// <summary>
/// Which daemon something belongs to. A process number alone would be given to others later; with its start time it is unique until the
/// machine restarts, within one process namespace (a container has its own).
/// </summary>
/// <param name="Namespace">The kernel's number of the process namespace.</param>
/// <param name="ProcessId">The daemon's process.</param>
/// <param name="StartTime">When that process started, in the kernel's clock ticks since boot.</param>
internal readonly record struct DaemonIdentity(long Namespace, int ProcessId, long StartTime)
{
    // proc_pid_stat(5): the state is field 3, the first after the name in brackets; the start time is field 22.
    private const int StateField = 3;
    private const int StartTimeField = 22;

    /// <summary>This process.</summary>
    public static DaemonIdentity Own { get; } =
        new(ReadNamespace("self"), Environment.ProcessId, ReadStartTime(Environment.ProcessId) ?? 0);

    /// <summary>
    /// Whether the daemon is of our own namespace, so that its process can be looked for, and is not there any more. False where we do
    /// not know.
    /// </summary>
    public bool IsDead => Namespace != 0 && Namespace == Own.Namespace && ReadStartTime(ProcessId) != StartTime;

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

    /// <summary>The start time of a process that is there and alive, a zombie not being so; null otherwise.</summary>
    private static long? ReadStartTime(int process)
    {
        try
        {
            string status = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));

            // The name may hold anything, brackets and spaces included, but it is followed by the last bracket of all.
            string[] fields = status[(status.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : long.Parse(fields[StartTimeField - StateField], CultureInfo.InvariantCulture);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
