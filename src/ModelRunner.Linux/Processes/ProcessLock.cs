using System.ComponentModel;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Sockets;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// The lock that a process holds while it uses a file of which there may be only one user: a second file beside it that contains the process
/// id. The kernel releases the lock when the process ends, however it ends. Children do not inherit it.
/// </summary>
internal sealed class ProcessLock : IDisposable
{
    /// <summary>The suffix that is added to the path of the file that is used.</summary>
    public const string Suffix = ".lock";

    private const int MaxNumber = 16;

    private readonly string _path;
    private readonly SafeFileHandle _file;

    private ProcessLock(string path, SafeFileHandle file) => (_path, _file) = (path, file);

    /// <summary>Takes the lock if it is free.</summary>
    /// <param name="path">Absolute path of the lock file.</param>
    /// <param name="owner">The owner that the file gets; null: this user.</param>
    /// <returns>The lock; null if another process has it.</returns>
    /// <exception cref="Win32Exception">The file cannot be created or locked.</exception>
    /// <exception cref="IOException">The path is not a regular file, or it cannot be given to that owner.</exception>
    public static ProcessLock? TryTake(string path, FileOwner? owner = null)
    {
        while (true)
        {
            SafeFileHandle file = UnixSystem.OpenLockFile(path);
            try
            {
                FileStatus ours = FileStatus.Of(file);
                if (!ours.IsRegular)
                    throw new IOException($"{path} is not a regular file");

                // Another user of the folder could have linked a file of root here, which would then be given away.
                if (owner is not null && ours.Links > 1)
                    throw new IOException($"{path} is also the name of another file: remove it");
                if (!UnixSystem.TryLock(file))
                    return null;

                // The former holder removed the file at its end: then the locked file is no longer the one that other processes will open.
                if (!FileStatus.OfLink(path).IsSameFileAs(ours))
                    continue;

                var taken = new ProcessLock(path, file);
                file = new SafeFileHandle();
                try
                {
                    owner?.Give(taken._file, path);
                    taken.WriteProcess();
                }
                catch
                {
                    taken.Dispose();
                    throw;
                }

                return taken;
            }
            finally
            {
                file.Dispose();
            }
        }
    }

    /// <summary>The holder of the lock, for a sentence: <c>process 1234</c>, or <c>another process</c> if it did not write its id.</summary>
    public static string HolderOf(string path)
    {
        try
        {
            using SafeFileHandle file = UnixSystem.OpenForReading(path);
            Span<byte> text = stackalloc byte[MaxNumber];
            int read = RandomAccess.Read(file, text, 0);
            if (int.TryParse(text[..read], NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int process) && process > 0)
                return string.Create(CultureInfo.InvariantCulture, $"process {process}");
        }
        catch (Exception failure) when (failure is Win32Exception or IOException or NotSupportedException)
        {
            // The file was removed, or is not a regular file.
        }

        return "another process";
    }

    /// <summary>Removes the file, unless another file is at its path by now, and unlocks.</summary>
    public void Dispose()
    {
        if (_file.IsClosed)
            return;
        if (FileStatus.OfLink(_path).IsSameFileAs(FileStatus.Of(_file)))
            UnixSystem.Remove(_path);
        UnixSystem.Unlock(_file);
        _file.Dispose();
    }

    // The id only helps people: a full disk must not prevent the start.
    private void WriteProcess()
    {
        try
        {
            RandomAccess.SetLength(_file, 0);
            string line = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n");
            RandomAccess.Write(_file, Encoding.ASCII.GetBytes(line), 0);
        }
        catch (IOException)
        {
        }
    }
}
