using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Diagnostics;

/// <summary>
/// Writes lines to <c>model-runner.log</c> in a folder. A file that reached its size becomes <c>model-runner.log.1</c>, that one
/// <c>.2</c> and so on; the oldest is removed, so that the folder never takes more than <c>(kept + 1) × size</c>. After an error the file
/// is opened again for the next line. Not safe for several threads.
/// </summary>
internal sealed partial class FileLogTarget : ILogTarget
{
    /// <summary>The name of the file that is written to.</summary>
    public const string FileName = "model-runner.log";

    // O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC. Non-blocking, so that opening a FIFO does not wait for a reader.
    private const int OpenFlags = 0x1 | 0x40 | 0x400 | 0x800 | 0x100 | 0x80000;
    private const int OwnerOnly = 0x180; // octal 0600

    private readonly long _maxBytes;
    private readonly int _kept;
    private SafeFileHandle? _file;
    private DescriptorWriter? _writer;
    private bool _isWithinLine;

    /// <summary>Opens the file, which is continued where it is there.</summary>
    /// <exception cref="IOException">The folder or the file cannot be made, or the file is not a regular one.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be made.</exception>
    public FileLogTarget(string folder, long maxBytes = 10 << 20, int kept = 4)
    {
        FilePath = Path.Join(folder, FileName);
        _maxBytes = maxBytes;
        _kept = kept;
        Open();
    }

    /// <summary>The path of the file that is written to.</summary>
    public string FilePath { get; }

    public string? Write(string line)
    {
        try
        {
            if (_file is null)
                Open();
            if (RandomAccess.GetLength(_file!) is > 0 and long length && length + Encoding.UTF8.GetByteCount(line) + 1 > _maxBytes)
                Rotate();
            string? reason = _writer!.Write(line);
            _isWithinLine = _writer.IsWithinLine;
            if (reason is not null)
                Close();
            return reason;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Close();
            return failure.Message;
        }
    }

    public void Dispose() => Close();

    private void Rotate()
    {
        Close();
        for (int i = _kept - 1; i >= 1; i--)
            if (File.Exists($"{FilePath}.{i}"))
                File.Move($"{FilePath}.{i}", $"{FilePath}.{i + 1}", overwrite: true);
        File.Move(FilePath, $"{FilePath}.1", overwrite: true);
        _isWithinLine = false;
        Open();
    }

    private void Open()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);

        // Model names and the like are nobody else's business: the file is for its owner only.
        int descriptor = Open(FilePath, OpenFlags, OwnerOnly);
        if (descriptor < 0)
            throw new IOException($"{FilePath} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        var file = new SafeFileHandle(descriptor, ownsHandle: true);
        if (!FileStatus.Of(file).IsRegular)
        {
            file.Dispose();
            throw new IOException($"{FilePath} is not a regular file");
        }

        (_file, _writer) = (file, new DescriptorWriter(descriptor, _isWithinLine));
    }

    private void Close()
    {
        _file?.Dispose();
        (_file, _writer) = (null, null);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);
}
