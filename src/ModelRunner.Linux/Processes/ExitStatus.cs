using System.Globalization;

namespace ModelRunner.Linux.Processes;

/// <summary>How a process ended: with an exit code or by a signal. Neither is set where another part of this process reaped it.</summary>
internal readonly record struct ExitStatus(int? Code, int? Signal)
{
    /// <summary>Reads the status word of <c>waitpid</c>.</summary>
    public static ExitStatus FromWaitStatus(int status) =>
        (status & 0x7f) == 0 ? new ExitStatus((status >> 8) & 0xff, null) : new ExitStatus(null, status & 0x7f);

    /// <summary>The predicate of a sentence that begins with the name of the program, for instance <c>ended with exit code 1</c>.</summary>
    public override string ToString() => this switch
    {
        { Code: { } code } => string.Create(CultureInfo.InvariantCulture, $"ended with exit code {code}"),
        { Signal: Libc.SigKill } => "was killed by signal 9 (SIGKILL)",
        { Signal: { } signal } => $"was ended by {SignalName(signal)}",
        _ => "ended in an unknown way",
    };

    private static string SignalName(int signal) => signal switch
    {
        1 => "SIGHUP",
        2 => "SIGINT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        31 => "SIGSYS",
        _ => string.Create(CultureInfo.InvariantCulture, $"signal {signal}"),
    };
}
