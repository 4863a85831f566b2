using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>Asks an engine for its help.</summary>
internal static class EngineHelp
{
    /// <summary>A build for accelerators searches for its devices first. On some machines this takes seconds.</summary>
    public static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(10);

    /// <summary>The start of the daemon waits no longer. Afterwards the engine is asked once more, with <see cref="DefaultPatience"/>.</summary>
    public static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(2);

    /// <summary>Runs <c>PROGRAM --help</c> and reads its output. Returns null if the output is not a help text, or the program does not end in time.</summary>
    public static async Task<EngineFlags?> ReadAsync(string program, TimeSpan patience, CancellationToken cancellationToken) =>
        (await AskAsync(program, patience, cancellationToken)).Flags;

    /// <summary>The same, and whether the program did not end in time.</summary>
    public static async Task<(EngineFlags? Flags, bool IsLate)> AskAsync(string program, TimeSpan patience, CancellationToken cancellationToken) =>
        await EngineOutput.ReadAsync(program, "--help", patience, cancellationToken) is { } text
            ? (EngineFlags.Parse(text.Output) ?? EngineFlags.Parse(text.Errors), text.IsLate)
            : (null, false);
}
