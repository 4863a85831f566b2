using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Linux.Files;

/// <summary>
/// An exclusive lock on a file (flock(2)). It also excludes other holders in the same process. The kernel releases it when the process ends. The
/// file stays when the lock is released, so that all processes always lock the same file.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private const int Create = 0x40; // O_CREAT
    private const int MaxRounds = 1000;
    private const int OwnerOnly = 0x180; // octal 0600
    private const int Flags = Libc.OpenReadWrite | Create | Libc.OpenNoBlock | Libc.OpenCloseOnExec;

    private FileLock(SafeFileHandle file) => File = file;

    /// <summary>The locked file, open for reading and writing until disposal.</summary>
    public SafeFileHandle File { get; }

    /// <summary>Takes the lock if it is free. A missing file is created with mode 0600; a link is refused.</summary>
    /// <returns>The lock; null if another holder has it.</returns>
    /// <exception cref="IOException">The file cannot be opened or locked, or is not a regular file.</exception>
    public static FileLock? TryTake(string path)
    {
        for (int round = 0; round < MaxRounds; round++)
        {
            int descriptor = Libc.OpenAt(Libc.CurrentDirectory, path, Flags | Libc.OpenNoFollow, OwnerOnly);
            if (descriptor < 0)
                throw new IOException($"{path} cannot be opened for writing: {Marshal.GetLastPInvokeErrorMessage()}", Marshal.GetLastPInvokeError());

            var file = new SafeFileHandle(descriptor, ownsHandle: true);
            if (!FileStatus.Of(file).IsRegular)
            {
                file.Dispose();
                throw new IOException($"{path} is not a regular file");
            }

            if (Libc.Lock(descriptor, Libc.LockExclusive | Libc.LockNoWait) != 0)
            {
                int error = Marshal.GetLastPInvokeError();
                file.Dispose();
                return error == Libc.ErrorTryAgain ? null : throw new IOException($"{path} cannot be locked: {Marshal.GetPInvokeErrorMessage(error)}", error);
            }

            // The former holder may have renamed or removed the file: then another file is at the path, or none.
            if (FileStatus.OfLink(path).IsSameFileAs(FileStatus.Of(file)))
                return new FileLock(file);
            file.Dispose();
        }

        throw new IOException($"{path} cannot be locked: its file system shows it as another file each time; use another disk");
    }

    /// <summary>Waits for the lock.</summary>
    /// <param name="path">As in <see cref="TryTake"/>.</param>
    /// <param name="patience">The longest wait.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The lock; null if another holder had it for the whole time.</returns>
    /// <exception cref="IOException">As in <see cref="TryTake"/>.</exception>
    public static async Task<FileLock?> TakeAsync(string path, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        while (true)
        {
            if (TryTake(path) is { } taken)
                return taken;
            if (time.GetElapsedTime(start) >= patience)
                return null;
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellationToken);
        }
    }

    /// <summary>Releases the lock. A child that is being started may have a copy of the descriptor, so closing alone would not release it.</summary>
    public void Dispose()
    {
        if (File.IsClosed)
            return;
        _ = Libc.Lock((int)File.DangerousGetHandle(), Libc.LockRelease);
        File.Dispose();
    }
}
