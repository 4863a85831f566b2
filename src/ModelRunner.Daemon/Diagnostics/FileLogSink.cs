using System.Text;

namespace ModelRunner.Daemon.Diagnostics;

/// <summary>
/// Writes lines to <c>model-runner.log</c> in a folder. A file that reached its size becomes <c>model-runner.log.1</c>, that one
/// <c>.2</c> and so on; the oldest is removed, so that the folder never takes more than <c>(kept + 1) × size</c>.
/// </summary>
internal sealed class FileLogSink : ILogSink
{
    /// <summary>The name of the file that is written to.</summary>
    public const string FileName = "model-runner.log";

    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly long _maxBytes;
    private readonly int _kept;
    private FileStream? _file;
    private bool _isDisposed;

    /// <summary>Opens the file, which is continued where it is there.</summary>
    /// <exception cref="IOException">The folder or the file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be.</exception>
    public FileLogSink(string folder, long maxBytes = 10 << 20, int kept = 4)
    {
        _path = Path.Join(folder, FileName);
        _maxBytes = maxBytes;
        _kept = kept;
        _file = Open();
    }

    public void Write(string line)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(line + "\n");
        lock (_lock)
        {
            if (_isDisposed)
                return;

            try
            {
                _file ??= Open();
                if (_file.Length > 0 && _file.Length + bytes.Length > _maxBytes)
                    Rotate();

                _file!.Write(bytes);
                _file.Flush();
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The disk is full or the folder is gone: standard error still has the line, and the next one tries again.
                _file?.Dispose();
                _file = null;
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _file?.Dispose();
            _isDisposed = true;
        }
    }

    private void Rotate()
    {
        _file?.Dispose();
        _file = null;
        for (int i = _kept - 1; i >= 1; i--)
            if (File.Exists($"{_path}.{i}"))
                File.Move($"{_path}.{i}", $"{_path}.{i + 1}", overwrite: true);
        File.Move(_path, $"{_path}.1", overwrite: true);
        _file = Open();
    }

    private FileStream Open()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);

        // Model names and the like are nobody else's business: the file is for its owner only.
        return new FileStream(_path, new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
    }
}
