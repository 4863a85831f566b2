using System.ComponentModel;
using System.Globalization;
using ModelRunner.Client;
using ModelRunner.Configuration;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Cli;

/// <summary>The keys file of the daemon that these options would start, and the keys of its configuration file.</summary>
internal sealed class KeysFileEditor
{
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(20);

    private readonly DaemonOptions _options;
    private readonly string? _apiKey;

    private KeysFileEditor(string path, DaemonOptions options, string? apiKey, IReadOnlyList<KeySettings> section) =>
        (Path, _options, _apiKey, Section) = (path, options, apiKey, section);

    /// <summary>The absolute path of the keys file.</summary>
    public string Path { get; }

    /// <summary>The keys of the configuration file.</summary>
    public IReadOnlyList<KeySettings> Section { get; }

    /// <summary>Finds the file.</summary>
    /// <exception cref="CliFailure">There is none, or the configuration is wrong.</exception>
    public static KeysFileEditor Find(DaemonOptions options)
    {
        var problems = new List<ConfigurationProblem>();
        ConfigurationFile file = ConfigurationFile.Read(options, problems);
        var reader = new OptionReader(new WrittenOptions(options, file), problems);
        string? path = KeysFile.Locate(reader, SettingsResolver.StatePath(reader));
        string? apiKey = reader.Secret(ConfigurationCatalog.ApiKey);
        IReadOnlyList<KeySettings> section = KeysSection.Resolve(file, apiKey, reader);
        Refuse(problems);
        return path is null
            ? throw new CliFailure(
                "there is no state folder for the keys file: name the file with --keys-file (keysFile, MODEL_RUNNER_KEYS_FILE)", ExitCode.Usage)
            : new KeysFileEditor(path, options, apiKey, section);
    }

    /// <summary>Reads the keys of the file.</summary>
    /// <exception cref="CliFailure">It cannot be used.</exception>
    public KeysFileContent Read()
    {
        var problems = new List<ConfigurationProblem>();
        KeysFileContent? content = KeysFile.Read(Path, _options, Section, _apiKey, problems, ofAnyOwner: true);
        Refuse(problems);
        return content!;
    }

    /// <summary>Changes the keys of the file. No other command changes them meanwhile.</summary>
    /// <param name="change">Returns the new keys.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait for another command.</param>
    /// <exception cref="CliFailure">The file cannot be used or written.</exception>
    public async Task EditAsync(Func<KeysFileContent, IEnumerable<KeySettings>> change, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            FileOwner.CreateFolder(System.IO.Path.GetDirectoryName(Path)!);
            using ProcessLock taken = await LockAsync(time, cancellationToken);
            KeySettings[] next = [.. change(Read())];
            if (next.Length > KeyReader.MaxKeys)
            {
                string limit = string.Create(CultureInfo.InvariantCulture, $"{Path} can have at most {KeyReader.MaxKeys} keys: revoke some first");
                throw new CliFailure(limit, ExitCode.Failure);
            }

            DurableFile.Replace(Path, KeysFile.Format(next));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or Win32Exception)
        {
            throw new CliFailure($"{Path} cannot be written: {Explain(failure)}", ExitCode.Failure);
        }
    }

    private async Task<ProcessLock> LockAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        string path = Path + ProcessLock.Suffix;

        // A lock file that a command of root leaves behind must not stop the owner of the keys file.
        FileOwner? owner = Environment.IsPrivilegedProcess ? FileOwner.Of(Path) : null;
        for (TimeSpan waited = TimeSpan.Zero; waited < LockTimeout; waited += LockPause)
        {
            if (ProcessLock.TryTake(path, owner) is { } taken)
                return taken;
            await Task.Delay(LockPause, time, cancellationToken);
        }

        throw new CliFailure($"{ProcessLock.HolderOf(path)} is changing {Path} now: try again when it has ended", ExitCode.Failure);
    }

    // The file is replaced as a whole, so it still has the keys that it had.
    private string Explain(Exception failure)
    {
        string folder = System.IO.Path.GetDirectoryName(Path)!;
        bool isFull = failure is IOException other && DiskSpace.IsFull(other) || failure is Win32Exception { NativeErrorCode: DiskSpace.ErrorFull };
        return isFull
            ? $"no space left on device; its keys are unchanged: make space on the disk of {folder}, and run the command again"
            : $"{failure.Message.TrimEnd('.')}; its keys are unchanged: let this user write to {folder}, or name another file with --keys-file";
    }

    private static void Refuse(List<ConfigurationProblem> problems)
    {
        if (problems.Count > 0)
            throw new CliFailure(string.Join("\n", problems.Select(static problem => problem.ToString().TrimEnd('.'))), ExitCode.Usage);
    }
}
