using System.Globalization;
using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Terminals;

/// <summary>Decides whether a SIGHUP came because the terminal of the process was closed, or because another process sent it.</summary>
internal sealed unsafe partial class TerminalWatch
{
    private const int StandardDescriptorCount = 3;
    private const short HungUp = 0x18; // POLLERR | POLLHUP

    private readonly int[] _terminals;

    private TerminalWatch(int[] terminals) => _terminals = terminals;

    /// <summary>
    /// Whether one of the standard streams was a terminal at the start and has hung up. Always false where SIGHUP was ignored at the start, as
    /// under <c>nohup</c>: then the program is meant to outlive the terminal.
    /// </summary>
    public bool IsGone
    {
        get
        {
            foreach (int terminal in _terminals)
            {
                var entry = new PollEntry { File = terminal };
                if (Libc.Poll(&entry, 1, 0) > 0 && (entry.Returned & HungUp) != 0)
                    return true;
            }

            return false;
        }
    }

    /// <summary>Inspects the standard streams of this process. Call it before SIGHUP gets a handler.</summary>
    public static TerminalWatch OfProcess() => new(
        IsIgnored(Libc.SigHup) ? [] : [.. Enumerable.Range(0, StandardDescriptorCount).Where(static descriptor => IsTerminal(descriptor) == 1)]);

    /// <summary>Whether this process ignores a signal. Call it before the signal gets a handler.</summary>
    public static bool IsIgnored(int signal)
    {
        try
        {
            // proc_pid_status(5): a mask in hexadecimal, whose lowest bit is signal 1.
            string? line = File.ReadLines("/proc/self/status").FirstOrDefault(static line => line.StartsWith("SigIgn:", StringComparison.Ordinal));
            return line is not null
                && ulong.TryParse(line.AsSpan("SigIgn:".Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong mask)
                && (mask & (1UL << (signal - 1))) != 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "isatty")]
    private static partial int IsTerminal(int descriptor);
}
