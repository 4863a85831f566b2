using System.Text;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Diagnostics;

/// <summary>
/// Writes lines to <c>model-runner.log</c> in a folder. A file that reaches its maximum size is renamed to <c>model-runner.log.1</c>, that
/// one to <c>.2</c> and so on; the oldest is removed, so that the folder never takes more than <c>(kept + 1) × size</c>. After an error the
/// file is opened again for the next line. Not thread-safe.
/// </summary>
internal sealed class FileLogTarget : ILogTarget
{
    /// <summary>The name of the current file.</summary>
    public const string FileName = "model-runner.log";

    private readonly long _maxBytes;
    private readonly int _kept;
    private SafeFileHandle? _file;
    private DescriptorWriter? _writer;
    private bool _isWithinLine;

    /// <summary>Opens the file; an existing file is continued.</summary>
    /// <exception cref="IOException">The folder or the file cannot be created, or the path is not a regular file.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not create them.</exception>
    public FileLogTarget(string folder, long maxBytes = 10 << 20, int kept = 4)
    {
        FilePath = Path.Join(folder, FileName);
        _maxBytes = maxBytes;
        _kept = kept;
        Open();
    }

    /// <summary>The path of the current file.</summary>
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

        // The log names models and clients, so only its owner may read it.
        _file = RegularFile.OpenForAppending(FilePath);
        _writer = new DescriptorWriter((int)_file.DangerousGetHandle(), _isWithinLine);
    }

    private void Close()
    {
        _file?.Dispose();
        (_file, _writer) = (null, null);
    }
}
