using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Engines.Command;

/// <summary>Lines that many servers write before they exit with an error.</summary>
internal static class CommandLogLines
{
    public static IReadOnlyList<KnownLogLine> All { get; } =
    [
        new("out of memory", RunnerFailureReason.OutOfMemory, "there is not enough memory"),
        new("std::bad_alloc", RunnerFailureReason.OutOfMemory, "there is not enough memory"),
        new("ddress already in use", RunnerFailureReason.Socket, "it could not listen on its address"),
        new("unrecognized arguments:", RunnerFailureReason.Argument, "it does not know an argument of engines.command"),
    ];
}
