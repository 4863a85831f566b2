using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Terminals;

/// <summary>Whether this process is in the foreground of the terminal of standard input, and the stop of shells while it is not.</summary>
internal static unsafe class JobControl
{
    private const int StandardInput = 0;
    private const nuint GetForeground = 0x540f; // TIOCGPGRP
    private const int OwnGroup = 0;

    private static readonly AutoResetEvent WasContinued = new(false);

    // When a process is continued, .NET gives the terminal the settings that it had at the start. If that was in the background, they are those of the shell.
    private static readonly Lazy<PosixSignalRegistration> Continued = new(static () => PosixSignalRegistration.Create(
        PosixSignal.SIGCONT,
        static context =>
        {
            context.Cancel = true;
            WasContinued.Set();
        }));

    // "kill %1" of a shell sends SIGTERM and continues the process, whose handlers of signals need a moment, on a busy machine a longer one.
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(1);

    /// <summary>Whether this process may read the terminal and change its settings. Without a terminal of its session there is no background.</summary>
    public static bool IsForeground()
    {
        int group;
        return Libc.Control(StandardInput, GetForeground, &group) != 0 || group == Libc.ProcessGroup();
    }

    /// <summary>
    /// While this process is in the background, stops its group as the kernel does when it reads the terminal (SIGTTIN), so that <c>fg</c> continues it. Does
    /// nothing where no shell can continue it.
    /// </summary>
    /// <param name="ended">Cancelled when the process should end.</param>
    public static void WaitForForeground(CancellationToken ended)
    {
        while (!IsForeground() && !ended.IsCancellationRequested && HasShell() && !TerminalWatch.IsIgnored(Libc.SigTerminalInput))
        {
            _ = Continued.Value;
            WasContinued.Reset();

            // Another thread could take a signal of the group, at a later time. So this process ignores that one and sends the next to this thread.
            _ = Libc.HandleSignal(Libc.SigTerminalInput, Libc.IgnoreSignal);
            _ = Libc.Kill(OwnGroup, Libc.SigTerminalInput);
            _ = Libc.HandleSignal(Libc.SigTerminalInput, Libc.DefaultSignal);
            _ = Libc.Raise(Libc.SigTerminalInput);

            // Handlers that are added afterwards must not get the signal that ended this stop.
            WaitHandle.WaitAny([WasContinued, ended.WaitHandle], TimeToEnd);
            if (!IsForeground())
                ended.WaitHandle.WaitOne(TimeToEnd);
        }
    }

    // A group is orphaned, and the kernel does not stop it, if no parent of its processes is in another group of the session.
    private static bool HasShell()
    {
        if (Read(Environment.ProcessId) is not { } own)
            return false;
        int id = own.Parent;
        while (Read(id) is { } process && process.Session == own.Session)
        {
            if (process.Group != own.Group)
                return true;
            id = process.Parent;
        }

        return false;
    }

    private static (int Parent, int Group, int Session)? Read(int process)
    {
        Span<long> numbers = stackalloc long[ProcFile.FieldCount];
        return ProcFile.TryReadStatus(process, numbers, out _) ? ((int)numbers[1], (int)numbers[2], (int)numbers[3]) : null;
    }
}
