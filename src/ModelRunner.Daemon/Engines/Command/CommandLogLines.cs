using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines.Command;

/// <summary>Lines that many servers write before they exit with an error.</summary>
internal static class CommandLogLines
{
    public static IReadOnlyList<KnownLogLine> All { get; } =
    [
        new("out of memory", StopReason.OutOfMemory, "there is not enough memory"),
        new("std::bad_alloc", StopReason.OutOfMemory, "there is not enough memory"),
        new("ddress already in use", StopReason.Socket, "it could not listen on its address"),
        new("unrecognized arguments:", StopReason.Argument, "it does not know an argument of engines.command"),
        .. LoaderLines.All,
    ];
}
