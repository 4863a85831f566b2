using System.Buffers;
using ModelRunner.Linux;
using ModelRunner.Linux.Processes;
using ModelRunner.Linux.Terminals;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines;

/// <summary>Describes in one line for the user how an engine ended and what it wrote before.</summary>
internal static class ExitCause
{
    private const int MaxDetailLength = 240;
    private const int ProgramNotFound = 127;
    private const int ProgramNotExecutable = 126;

    private const string PerhapsKilledForMemory =
        "; the kernel's out-of-memory killer ended a process, which may have been this one: use a smaller model or contextSize";

    private const string KilledForMemory = "; the kernel's out-of-memory killer ended it: use a smaller model or contextSize";

    private const string KilledAtLimit =
        "; the kernel's out-of-memory killer ended it at the limit of its memory: raise memoryLimit, or use a smaller model or contextSize";

    private const string KilledBySomebody = "; the daemon did not send it, a person or another program did";

    private static readonly SearchValues<char> LevelLetters = SearchValues.Create("DEIWT");
    private static readonly SearchValues<char> TimeCharacters = SearchValues.Create("0123456789.");

    /// <summary>Describes why a process ended that the daemon did not stop.</summary>
    /// <param name="engine">The engine's name.</param>
    /// <param name="known">The known lines of this engine that explain a cause, the most precise first.</param>
    /// <param name="status">Its exit status.</param>
    /// <param name="lines">The last lines of its output, oldest first.</param>
    /// <param name="memoryKill">Whether the kernel killed it because memory was short.</param>
    public static RunnerFailure Describe(
        string engine, IReadOnlyList<KnownLogLine> known, ExitStatus status, IReadOnlyList<string> lines, MemoryKill memoryKill = MemoryKill.No)
    {
        // What the kernel did is certain. A line in the output may be about something that went well in the end.
        if (memoryKill is MemoryKill.Yes or MemoryKill.AtLimit)
            return Killed(engine, status, memoryKill);
        foreach (KnownLogLine candidate in known)
            if (lines.LastOrDefault(line => IsErrorWith(candidate.Core, line)) is { } line)
                return new RunnerFailure(candidate.Reason, $"{engine} {status}: {candidate.Explanation} ({Detail(line)})")
                {
                    Class = ClassOf(candidate, status),
                };

        return status switch
        {
            { Signal: Libc.SigKill } => Killed(engine, status, memoryKill),
            { Signal: not null } => new(StopReason.Crashed, $"{engine} {status}{Output(lines)}"),
            { Code: ProgramNotFound or ProgramNotExecutable } => new(StopReason.NotStarted, $"{engine} could not be executed{Output(lines)}"),
            _ => new(StopReason.Exited, $"{engine} {status}{Output(lines)}"),
        };
    }

    /// <summary>Removes time and level from the start of a line, and cuts it to the maximum length.</summary>
    public static string Detail(string line)
    {
        // 0.00.005.017 E llama_model_load: error loading model: …
        int space = line.IndexOf(' ', StringComparison.Ordinal);
        bool hasPrefix = space > 0 && line.Length > space + 3 && line[space + 2] == ' ' && LevelLetters.Contains(line[space + 1])
            && !line.AsSpan(0, space).ContainsAnyExcept(TimeCharacters);
        return PlainText.EscapeAndCut(hasPrefix ? line[(space + 3)..].Trim() : line.Trim(), MaxDetailLength);
    }

    private static RunnerFailure Killed(string engine, ExitStatus status, MemoryKill memoryKill)
    {
        string by = memoryKill switch
        {
            MemoryKill.AtLimit => KilledAtLimit,
            MemoryKill.Yes => KilledForMemory,
            MemoryKill.Perhaps => PerhapsKilledForMemory,
            _ => KilledBySomebody,
        };
        return new RunnerFailure(StopReason.Killed, $"{engine} {status}{by}")
        {
            Class = memoryKill == MemoryKill.No ? CrashClass.Signal : CrashClass.OutOfMemory,
        };
    }

    // An engine that reports a fault of its own may end with an exit code instead of a signal.
    private static CrashClass ClassOf(KnownLogLine line, ExitStatus status) => line switch
    {
        { Class: { } known } => known,
        { Reason: StopReason.Crashed } when status.Signal is null => CrashClass.Other,
        _ => CrashClasses.Of(line.Reason) ?? CrashClass.Other,
    };

    private static string Output(IReadOnlyList<string> lines) => lines switch
    {
        [] => "",
        _ when ExceptionLine.Find(lines) is { } exception => $"; the exception in its output: {Detail(exception)}",
        _ => $"; the last line of its output: {Detail(lines[^1])}",
    };

    // A server may go on after a warning, so its line does not explain an exit.
    private static bool IsErrorWith(string core, string line) =>
        line.IndexOf(core, StringComparison.Ordinal) is >= 0 and int start && !LogLevelMark.IsBelowError(line.AsSpan(0, start));
}
