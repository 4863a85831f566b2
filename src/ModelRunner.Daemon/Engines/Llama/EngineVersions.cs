using System.Text.RegularExpressions;
using ModelRunner.Configuration;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>
/// The versions of the programs of llama-server, in the form of <c>build_info</c>: <c>b9000-abcdef0</c>. Each program is asked once, and again
/// after it was replaced or told nothing. Thread-safe.
/// </summary>
/// <param name="ending">Cancelled when the daemon ends: no program that it asked may outlive it.</param>
internal sealed partial class EngineVersions(CancellationToken ending)
{
    private const int MaxLength = 64;

    // A client waits this long at most. A build for accelerators may take longer; a later call then has its version.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (FileStamp Stamp, Task<string?> Reading)> _known = new(StringComparer.Ordinal);

    /// <summary>The version of a program. Null: it tells none, or not in time.</summary>
    /// <param name="program">Absolute path of a llama-server.</param>
    /// <param name="time">The clock.</param>
    public async Task<string?> FindAsync(string program, TimeProvider time)
    {
        Task<string?> reading = BeginAsync(program);
        try
        {
            return await reading.WaitAsync(Patience, time, ending);
        }
        catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Reads the version from what <c>llama-server --version</c> prints; null if it is not there.</summary>
    public static string? Parse(string text)
    {
        if (VersionPattern().Match(text) is not { Success: true } match)
            return null;
        string version = match.Groups["number"].Success
            ? $"b{match.Groups["number"].Value}-{match.Groups["commit"].Value}"
            : match.Groups["text"].Value.Trim();
        return PlainText.EscapeAndCut(version, MaxLength);
    }

    private Task<string?> BeginAsync(string program)
    {
        lock (_lock)
        {
            FileStamp stamp = FileStamp.Of(program);
            if (_known.TryGetValue(program, out var known) && known.Stamp == stamp
                && known.Reading is ({ IsCompleted: false } or { IsCompletedSuccessfully: true, Result: not null }))
                return known.Reading;
            Task<string?> reading = Task.Run(() => ReadAsync(program));
            _known[program] = (stamp, reading);
            return reading;
        }
    }

    private async Task<string?> ReadAsync(string program) =>
        await EngineOutput.ReadAsync(program, "--version", EngineHelp.DefaultPatience, ending) is { } text
            ? Parse(text.Errors) ?? Parse(text.Output)
            : null;

    // "version: 9000 (abcdef0)" of llama.cpp, or "version: 0.7.0 (build 9000, commit abcdef0)" of newer ones.
    [GeneratedRegex(
        @"^version: (?:(?<number>\d+) \((?<commit>[^\s)]+)\)|\S+ \(build (?<number>\d+), commit (?<commit>[^\s)]+)\)|(?<text>[^\r\n]+))",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex VersionPattern();
}
