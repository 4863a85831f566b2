using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// Asks for a reload when the configuration file was changed. It looks at the file every two seconds, which sees every way of writing it: in place, by
/// a rename, and through links and network file systems, where notifications of the kernel do not tell. A file that is still being written, or is
/// gone for a moment, is left alone until it is the same twice. Thread-safe.
/// </summary>
internal sealed class ConfigurationWatch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly Func<bool> _isEnabled;
    private readonly Func<FileStamp> _read;
    private readonly Func<FileStamp> _used;
    private readonly Action _reload;
    private readonly PollTimer _timer;
    private FileStamp _seen;
    private FileStamp _handled;
    private FileStamp _lastUsed;

    /// <param name="read">Reads the stamp of the file.</param>
    /// <param name="used">Returns the stamp that the file had when it was last read as a configuration.</param>
    /// <param name="isEnabled">Whether changes are followed.</param>
    /// <param name="reload">Reads the configuration again. It must return at once.</param>
    /// <param name="time">The clock.</param>
    public ConfigurationWatch(Func<FileStamp> read, Func<FileStamp> used, Func<bool> isEnabled, Action reload, TimeProvider time)
    {
        (_read, _used, _isEnabled, _reload) = (read, used, isEnabled, reload);
        _handled = _lastUsed = _seen = used();
        _timer = new PollTimer(Look, time);
        _timer.Start(Interval);
    }

    /// <summary>Looks no more. It does not wait for a look that has begun.</summary>
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        // A signal may have read it meanwhile.
        if (_used() is var used && used != _lastUsed)
            _handled = _lastUsed = used;
        FileStamp now = _read();
        bool isStable = now == _seen;
        _seen = now;
        if (!isStable || now == _handled || now.Kind != Linux.Files.FileKind.Regular || !_isEnabled())
            return;
        _handled = now;
        _reload();
    }
}
