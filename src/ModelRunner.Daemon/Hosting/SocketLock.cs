using System.ComponentModel;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Sockets;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// The lock that a daemon holds on its socket's path for as long as it lives: a file beside the socket with the daemon's process number in
/// it. The kernel unlocks it when the process ends, however it ends. Runners do not inherit it.
/// </summary>
internal sealed class SocketLock : IDisposable
{
    /// <summary>What is added to the path of the socket.</summary>
    public const string Suffix = ".lock";

    private const int MaxNumber = 16;

    private readonly string _path;
    private readonly SafeFileHandle _file;

    private SocketLock(string path, SafeFileHandle file) => (_path, _file) = (path, file);

    /// <summary>Takes the lock if nobody has it.</summary>
    /// <param name="path">Absolute path of the lock file.</param>
    /// <returns>The lock; null where another process has it.</returns>
    /// <exception cref="Win32Exception">The file cannot be made or locked.</exception>
    /// <exception cref="IOException">Something else lies there.</exception>
    public static SocketLock? TryTake(string path)
    {
        while (true)
        {
            SafeFileHandle file = UnixSystem.OpenLockFile(path);
            try
            {
                FileStatus ours = FileStatus.Of(file);
                if (!ours.IsRegular)
                    throw new IOException($"{path} is not a regular file");
                if (!UnixSystem.TryLock(file))
                    return null;

                // Whoever had it before us has removed the file at its end: then what we locked is no longer what others will open.
                if (!FileStatus.OfLink(path).IsSameFileAs(ours))
                    continue;

                var taken = new SocketLock(path, file);
                file = new SafeFileHandle();
                taken.WriteProcess();
                return taken;
            }
            finally
            {
                file.Dispose();
            }
        }
    }

    /// <summary>Who has the lock, for a sentence: <c>process 1234</c>, or <c>another process</c> where it did not write its number.</summary>
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
            // It is gone, or it is no file.
        }

        return "another process";
    }

    /// <summary>Removes the file, unless another one lies at its path by now, and unlocks.</summary>
    public void Dispose()
    {
        if (!_file.IsClosed && FileStatus.OfLink(_path).IsSameFileAs(FileStatus.Of(_file)))
            UnixSystem.Remove(_path);
        _file.Dispose();
    }

    // Only a help for people: a full disk is no reason not to start.
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
