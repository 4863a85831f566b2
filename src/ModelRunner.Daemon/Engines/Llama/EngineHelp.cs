using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>Asks an engine for its help.</summary>
internal static class EngineHelp
{
    /// <summary>A build for accelerators searches for its devices first. On some machines this takes seconds.</summary>
    public static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(10);

    /// <summary>Runs <c>PROGRAM --help</c> and reads its output. Returns null if the output is not a help text, or the program does not end in time.</summary>
    public static async Task<EngineFlags?> ReadAsync(string program, TimeSpan patience, CancellationToken cancellationToken) =>
        await EngineOutput.ReadAsync(program, "--help", patience, cancellationToken) is { } text
            ? EngineFlags.Parse(text.Output) ?? EngineFlags.Parse(text.Errors)
            : null;
}
