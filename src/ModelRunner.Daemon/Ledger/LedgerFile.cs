using System.ComponentModel;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Processes;
using ModelRunner.Linux.Sockets;

namespace ModelRunner.Daemon.Ledger;

/// <summary>The ledger's file in the state folder, which only one daemon may use at a time. Not thread-safe.</summary>
/// <param name="folder">The absolute path of the state folder.</param>
internal sealed class LedgerFile(string folder) : IDisposable
{
    private const string Name = "ledger.db";
    private const long MinIndexBytes = 32 * 1024;
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly string[] Suffixes = ["", "-wal", "-shm", "-journal"];

    private ProcessLock? _lock;
    private SafeFileHandle? _folder;
    private FileStatus? _prepared;

    public string FilePath { get; } = Path.Join(folder, Name);

    /// <summary>The process that has the lock, for a sentence.</summary>
    public string Holder => ProcessLock.HolderOf(FilePath + ProcessLock.Suffix);

    /// <summary>Creates the folder and takes the lock, unless that was done before.</summary>
    /// <returns>Whether this process has the lock.</returns>
    /// <exception cref="IOException">The folder or the lock file cannot be created, or something else has its name.</exception>
    /// <exception cref="UnauthorizedAccessException">This user must not write there.</exception>
    public bool TryLock()
    {
        Directory.CreateDirectory(folder, OnlyOwner | UnixFileMode.UserExecute);
        if (_folder is not null && FileStatus.Of(folder).IsSameFileAs(FileStatus.Of(_folder)))
            return true;
        Dispose();
        string path = FilePath + ProcessLock.Suffix;
        try
        {
            // The folder itself is locked too, because the lock file may be removed.
            _folder = UnixSystem.OpenForReading(Path.Join(folder, "."));
            if (UnixSystem.TryLock(_folder))
                _lock = ProcessLock.TryTake(path);
        }
        catch (Win32Exception failure)
        {
            throw new IOException($"the lock file {path} cannot be used: {failure.Message}", failure);
        }
        finally
        {
            if (_lock is null)
                Dispose();
        }

        return _lock is not null;
    }

    /// <summary>Creates the folder and the file, and takes the lock, unless that was done before.</summary>
    /// <exception cref="LedgerException">Another process has the lock.</exception>
    /// <exception cref="IOException">The folder or the file cannot be created, or something else has the name of a file.</exception>
    /// <exception cref="UnauthorizedAccessException">This user must not write there.</exception>
    public void Prepare()
    {
        Lock();
        CheckFiles();
        WasEmptied = FileStatus.Of(FilePath) is { Exists: true, SizeBytes: 0 };

        // SQLite gives its other files the mode of this one.
        using var file = new FileStream(
            FilePath, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, UnixCreateMode = OnlyOwner });
        _prepared = FileStatus.Of(file.SafeFileHandle);
    }

    /// <summary>Checks that SQLite can open the files. It would wait for the other end of a pipe.</summary>
    /// <exception cref="IOException">Something else has the name of a file.</exception>
    public void CheckFiles()
    {
        foreach (string suffix in Suffixes)
            if (FileStatus.Of(FilePath + suffix) is { Exists: true, IsRegular: false })
                throw new IOException($"{FilePath}{suffix} is not a regular file: remove it");
    }

    /// <summary>Whether the file was there and was empty at the last <see cref="Prepare"/>.</summary>
    public bool WasEmptied { get; private set; }

    /// <summary>The size of the write-ahead log; 0 if there is none.</summary>
    public long LogBytes => FileStatus.Of(FilePath + "-wal") is { Exists: true, SizeBytes: var bytes } ? bytes : 0;

    /// <summary>Whether there is an index of the write-ahead log. One that SQLite could not complete is smaller than its first part.</summary>
    public bool HasLogIndex => FileStatus.Of(FilePath + "-shm") is { IsRegular: true, SizeBytes: >= MinIndexBytes };

    /// <summary>Whether the file was removed or replaced after <see cref="Prepare"/>. Writes then go to a file that has no name.</summary>
    public bool IsGone => _prepared is { } prepared && !FileStatus.Of(FilePath).IsSameFileAs(prepared);

    /// <summary>Renames a damaged database, as far as its files are there.</summary>
    /// <returns>Its new path.</returns>
    /// <exception cref="LedgerException">Another process has the lock: the folder is another one.</exception>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    public string SetAside(DateTimeOffset now)
    {
        Lock();
        string time = now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        string damaged = $"{FilePath}.damaged-{time}";
        foreach (string suffix in Suffixes)
            if (File.Exists(FilePath + suffix))
                File.Move(FilePath + suffix, damaged + suffix, overwrite: true);
        return damaged;
    }

    public void Dispose()
    {
        _lock?.Dispose();
        if (_folder is not null)
            UnixSystem.Unlock(_folder);
        _folder?.Dispose();
        (_lock, _folder) = (null, null);
    }

    private void Lock()
    {
        if (!TryLock())
        {
            throw new LedgerException(
                $"{Holder} uses the state folder {folder}: end it, or give this daemon another folder with --state-path "
                + "(statePath, MODEL_RUNNER_STATE), or \"none\"");
        }
    }
}
