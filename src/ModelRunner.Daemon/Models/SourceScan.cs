using System.Globalization;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>The scans of one tool's stores, one at a time. The owner's lock protects it.</summary>
internal sealed class SourceScan(SourceSettings settings, TimeProvider time)
{
    /// <summary>A scan that takes longer than this is no longer waited for, and is reported.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private long _started;
    private long _ended;
    private TimeSpan _duration;
    private SourceListing? _content;
    private string? _failure;

    public SourceSettings Settings => settings;

    /// <summary>The scan that runs, or the last one.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>What the last scan found; null: none has ended.</summary>
    public SourceListing? Content => _content;

    /// <summary>Why the last scan failed; null: it did not.</summary>
    public string? Failure => _failure;

    /// <summary>How long the running scan has taken so far; null: none is running.</summary>
    public TimeSpan? RunsFor => Running.IsCompleted ? null : time.GetElapsedTime(_started);

    /// <summary>Whether a caller should wait for the running scan.</summary>
    public bool IsWorthWaiting => RunsFor < Patience;

    /// <summary>Whether no scan has ended and the first one may still end soon.</summary>
    public bool IsUnknown => _content is null && _failure is null && (RunsFor ?? TimeSpan.Zero) < Patience;

    /// <summary>Whether the last scan is older than a time and than its own duration times a factor, and none is running.</summary>
    public bool IsDue(TimeSpan maxAge, int pauseFactor)
    {
        if (!Running.IsCompleted)
            return false;
        TimeSpan pause = _duration * pauseFactor;
        return (_content is null && _failure is null) || time.GetElapsedTime(_ended) >= (maxAge > pause ? maxAge : pause);
    }

    public void Begin(Func<Task> start)
    {
        _started = time.GetTimestamp();
        Running = start();
    }

    /// <summary>Takes the result of a scan. A failed one keeps the models of the last one.</summary>
    public void End(SourceListing? content, string? failure)
    {
        _ended = time.GetTimestamp();
        _duration = time.GetElapsedTime(_started);
        _content = content ?? _content;
        _failure = failure;
    }

    /// <summary>Its state.</summary>
    public SourceReport Report()
    {
        var problems = new List<string>();
        if (RunsFor is { } time && time >= Patience)
            problems.Add(string.Create(CultureInfo.InvariantCulture, $"has not been read for {time.TotalSeconds:0} s: its disk does not respond"));
        if (_failure is not null)
            problems.Add($"cannot be read now: {_failure}");
        problems.AddRange(_content?.Content.Problems ?? []);
        return new SourceReport(settings.Kind, _content?.Content.Models.Count(static model => model.Problem is null) ?? 0, problems);
    }
}
