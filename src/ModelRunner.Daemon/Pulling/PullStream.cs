using System.Globalization;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Pulling;

/// <summary>
/// Writes the progress of a pull as Docker Model Runner does: one JSON object a line, escaped for HTML unless the client asked for JSON. The last
/// line has the type <c>success</c> or <c>error</c>. Used by one request.
/// </summary>
/// <param name="pull">The pull.</param>
/// <param name="isJson">Whether the client asked for JSON.</param>
internal sealed class PullStream(Pull pull, bool isJson)
{
    private readonly ShownBytes _shown = new();
    private int? _ahead;
    private string? _limit;
    private int _notes;

    /// <summary>The bytes per second that the client set; null: none.</summary>
    public long? Limit { get; init; }

    /// <summary>The lines about what changed since the last call; empty: nothing did.</summary>
    public byte[] ReadProgress()
    {
        using var text = new MemoryStream();
        foreach (string note in pull.Notes.Skip(_notes))
        {
            _notes++;
            Write(text, "progress", note, null);
        }

        foreach ((FileProgress file, long bytes) in _shown.ReadChanges(pull.Files))
        {
            string verb = file.FoundIn is { } tool ? $"found in {tool}" : "Downloaded";
            string message = string.Create(CultureInfo.InvariantCulture, $"{verb}: {bytes / 1e6:0.00} MB");
            Write(text, "progress", message, (file, bytes));
        }

        return text.ToArray();
    }

    /// <summary>The line that says how many other pulls run first; empty: the last one said the same.</summary>
    /// <param name="ahead">As <see cref="PullQueue.AheadOf"/> returns it.</param>
    /// <param name="most">As <see cref="PullQueue.AheadOf"/> returns it.</param>
    public byte[] ReadWaiting(int ahead, int most)
    {
        if (ahead == _ahead)
            return [];
        _ahead = ahead;
        using var text = new MemoryStream();
        string pulls = ahead == 1 ? "1 other pull" : string.Create(CultureInfo.InvariantCulture, $"{ahead} other pulls");
        Write(text, "progress", $"Waiting: {pulls} came first, and at most {most} {(most == 1 ? "runs" : "run")} at once", null);
        return text.ToArray();
    }

    /// <summary>The line that says which other limit than that of the client holds; empty: the last one said the same.</summary>
    /// <param name="all">The bytes per second of all pulls together; null: no limit.</param>
    public byte[] ReadLimit(long? all)
    {
        if (PullLimitText.Describe(Limit, pull.BytesPerSecond, all, _limit is not null) is var limit && limit == _limit)
            return [];
        _limit = limit;
        using var text = new MemoryStream();
        Write(text, "progress", limit!, null);
        return text.ToArray();
    }

    /// <summary>The last line.</summary>
    public byte[] WriteEnd(PullOutcome outcome)
    {
        using var text = new MemoryStream();
        Write(text, outcome.IsSuccess ? "success" : "error", outcome.Message, null);
        return text.ToArray();
    }

    private void Write(MemoryStream text, string type, string message, (FileProgress File, long Bytes)? layer) =>
        text.Write(ProgressLine.Write(new ProgressLine(type, message, pull.TotalBytes, "pull") { Layer = layer }, isJson));
}
