using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Keys;

/// <summary>
/// The keys of the settings and of the keys file. A request looks at most every 0.2 s whether the file has changed, so a revoked key is
/// refused after that time, and nothing has to watch the file while there are no requests. A file that cannot be used changes nothing, and one
/// that is gone opens nothing. Thread-safe.
/// </summary>
internal sealed partial class KeyStore
{
    /// <summary>The time between two looks at the file.</summary>
    private static readonly TimeSpan CheckInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>How long requests wait for a disk that does not respond. Then the keys that are known hold.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>A file that was written later is read once more, because a second write at the same moment would leave the same time.</summary>
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(2);

    private readonly string? _path;
    private readonly DaemonOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<KeyStore> _logger;
    private readonly Lock _lock = new();
    private volatile KeyRing _ring;
    private DaemonSettings _settings;
    private KeysFileContent _content;
    private bool _wasPresent;
    private Task _check = Task.CompletedTask;
    private long? _checkedAt;
    private FileStamp _seen;
    private bool _isSettled;
    private DaemonSettings? _seenFor;
    private volatile IReadOnlyList<string> _problems = [];
    private Action? _changed;

    /// <param name="settings">The settings to begin with.</param>
    /// <param name="options">The options with which the file is read.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public KeyStore(DaemonSettings settings, DaemonOptions options, TimeProvider time, ILogger<KeyStore> logger)
    {
        (_path, _options, _time, _logger) = (settings.KeysFilePath, options, time, logger);
        (_settings, _content) = (settings, settings.KeysFile);
        _ring = Build();
    }

    /// <summary>The keys that are known. Reading it never waits.</summary>
    public KeyRing Current => _ring;

    /// <summary>The absolute path of the keys file; null: there is none.</summary>
    public string? FilePath => _path;

    /// <summary>Why the keys file is not used, a sentence for each problem; empty: it is used.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Calls this after the keys file was read anew, on any thread; not after a change of the settings. For the composition of the daemon.</summary>
    public void Subscribe(Action changed) => _changed += changed;

    /// <summary>Replaces the settings.</summary>
    public void Configure(DaemonSettings settings)
    {
        lock (_lock)
        {
            // The reload has read the file some time ago. It may have changed since, so the next request looks at it.
            (_settings, _content, _checkedAt) = (settings, settings.KeysFile, null);
            _ring = Build();
        }
    }

    /// <summary>The keys after a look at the file, unless the last look was a moment ago.</summary>
    public ValueTask<KeyRing> RefreshAsync(CancellationToken cancellationToken)
    {
        if (_path is not { } path)
            return new ValueTask<KeyRing>(_ring);
        Task check;
        lock (_lock)
        {
            if (_check.IsCompleted)
            {
                if (_checkedAt is { } last && _time.GetElapsedTime(last) < CheckInterval)
                    return new ValueTask<KeyRing>(_ring);
                _checkedAt = _time.GetTimestamp();
                _check = Task.Run(() => Check(path), CancellationToken.None);
            }
            else if (_checkedAt is { } begun && _time.GetElapsedTime(begun) > Patience)
            {
                return new ValueTask<KeyRing>(_ring);
            }

            check = _check;
        }

        return new ValueTask<KeyRing>(WaitAsync(check, cancellationToken));
    }

    private async Task<KeyRing> WaitAsync(Task check, CancellationToken cancellationToken)
    {
        try
        {
            await check.WaitAsync(Patience, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            LogSlow(_path!);
        }

        return _ring;
    }

    private void Check(string path)
    {
        try
        {
            DaemonSettings settings;
            lock (_lock)
                settings = _settings;
            var stamp = FileStamp.Of(path);
            if (_isSettled && ReferenceEquals(settings, _seenFor) && stamp == _seen)
                return;
            Read(path, settings);
            (_seen, _seenFor, _isSettled) = (stamp, settings, (_time.GetUtcNow() - stamp.Written).Duration() > SettleTime);
        }
        catch (Exception failure)
        {
            LogFailed(failure);
        }
    }

    private void Read(string path, DaemonSettings settings)
    {
        List<ConfigurationProblem> problems = [];
        KeysFileContent? content = KeysFile.Read(path, _options, settings.Keys, settings.ApiKey, problems);
        if (content is null)
        {
            string[] found = [.. problems.Select(static problem => problem.ToString())];
            if (!found.SequenceEqual(_problems, StringComparer.Ordinal))
                LogUnusable(path, found[0], found.Length);
            _problems = found;
            return;
        }

        _problems = [];
        lock (_lock)
        {
            // A reload that came meanwhile has read the file too.
            if (!ReferenceEquals(settings, _settings) || content.IsSameAs(_content))
                return;
            _content = content;
            _ring = Build();
        }

        if (content.IsPresent)
            LogRead(path, content.Keys.Count);
        else
            LogGone(path);
        _changed?.Invoke();
    }

    private KeyRing Build()
    {
        _wasPresent |= _content.IsPresent;
        return new KeyRing(_settings.ApiKey, [.. _settings.Keys, .. _content.Keys], _settings.RequiresKey || _wasPresent);
    }

    [LoggerMessage(LogLevel.Information, "The keys file {Path} was read; keys: {Count}.")]
    private partial void LogRead(string path, int count);

    [LoggerMessage(LogLevel.Warning, "The keys file {Path} is gone: its keys are refused, and a key is still required.")]
    private partial void LogGone(string path);

    [LoggerMessage(LogLevel.Error, "The keys file {Path} is not used, and the keys that it had before stay valid (problems: {Count}): {Problem}")]
    private partial void LogUnusable(string path, string problem, int count);

    [LoggerMessage(LogLevel.Warning, "The keys file {Path} could not be looked at within a second; the keys that are known are used.")]
    private partial void LogSlow(string path);

    [LoggerMessage(LogLevel.Error, "Internal error: the keys file could not be read.")]
    private partial void LogFailed(Exception failure);
}
