using System.ComponentModel;
using System.Globalization;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Ledger;

/// <summary>The ledger's file in the state folder, which only one daemon may use at a time. Not thread-safe.</summary>
/// <param name="folder">The absolute path of the state folder.</param>
internal sealed class LedgerFile(string folder) : IDisposable
{
    private const string Name = "ledger.db";
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private ProcessLock? _lock;
    private FileStatus? _prepared;

    public string FilePath { get; } = Path.Join(folder, Name);

    /// <summary>Creates the folder and the file, and takes the lock, unless that was done before.</summary>
    /// <exception cref="LedgerException">Another process has the lock.</exception>
    /// <exception cref="IOException">The folder or the file cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">This user must not write there.</exception>
    public void Prepare()
    {
        Directory.CreateDirectory(folder, OnlyOwner | UnixFileMode.UserExecute);
        _lock ??= Lock();

        // SQLite gives its other files the mode of this one.
        using var file = new FileStream(
            FilePath, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, UnixCreateMode = OnlyOwner });
        _prepared = FileStatus.Of(file.SafeFileHandle);
    }

    /// <summary>Whether the file was removed or replaced after <see cref="Prepare"/>. Writes then go to a file that has no name.</summary>
    public bool IsGone => _prepared is { } prepared && !FileStatus.Of(FilePath).IsSameFileAs(prepared);

    /// <summary>Renames a damaged database, as far as its files are there.</summary>
    /// <returns>Its new path.</returns>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    public string SetAside(DateTimeOffset now)
    {
        string time = now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        string damaged = $"{FilePath}.damaged-{time}";
        foreach (string suffix in (string[])["", "-wal", "-shm"])
            if (File.Exists(FilePath + suffix))
                File.Move(FilePath + suffix, damaged + suffix, overwrite: true);
        return damaged;
    }

    public void Dispose() => _lock?.Dispose();

    private ProcessLock Lock()
    {
        string path = FilePath + ProcessLock.Suffix;
        try
        {
            return ProcessLock.TryTake(path) ?? throw new LedgerException(
                $"{ProcessLock.HolderOf(path)} uses the state folder {folder}: end it, or give this daemon another folder with --state-path "
                + "(statePath, MODEL_RUNNER_STATE), or \"none\"");
        }
        catch (Win32Exception failure)
        {
            throw new IOException($"the lock file {path} cannot be used: {failure.Message}", failure);
        }
    }
}
