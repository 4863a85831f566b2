using System.Globalization;
using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary>Adds up the progress of a pull from the lines of the daemon. The sum never becomes less.</summary>
internal sealed class PullProgress
{
    private readonly Dictionary<string, long> _layers = new(StringComparer.Ordinal);
    private long? _first;

    /// <summary>Bytes of the whole model; 0: not known yet.</summary>
    public long Total { get; private set; }

    /// <summary>Bytes that are there.</summary>
    public long Current { get; private set; }

    /// <summary>Bytes that came since the first line, without those of an earlier pull.</summary>
    public long Received => Current - (_first ?? Current);

    /// <summary>Takes a line. False: it is about no file.</summary>
    public bool Take(JsonElement line)
    {
        Total = line.Integer("total") ?? Total;
        if (line.Member("layer") is not { } layer || layer.Text("id") is not { Length: > 0 } id)
            return false;
        _layers[id] = Math.Max(_layers.GetValueOrDefault(id), layer.Integer("current") ?? 0);
        Current = Math.Max(Current, _layers.Values.Sum());
        _first ??= Current;
        return true;
    }

    /// <summary>The progress for people, for example <c>45 %  1.2 of 2.6 GB  12.3 MB/s  1:54 left</c>.</summary>
    /// <param name="elapsed">The time since the first line.</param>
    public string Describe(TimeSpan elapsed)
    {
        double rate = elapsed > TimeSpan.FromSeconds(1) ? Received / elapsed.TotalSeconds : 0;
        string speed = rate > 0 ? $"  {Show(rate)}/s" : "";
        string left = rate > 0 && Current < Total ? $"  {ShowTime((Total - Current) / rate)} left" : "";
        double percent = Math.Min(100, 100.0 * Current / Math.Max(1, Total));
        return string.Create(CultureInfo.InvariantCulture, $"{percent:0} %  {Show(Current)} of {Show(Total)}{speed}{left}");
    }

    private static string Show(double bytes) => bytes switch
    {
        >= 1e9 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB"),
        >= 1e6 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.0} kB"),
    };

    private static string ShowTime(double seconds)
    {
        var time = TimeSpan.FromSeconds(Math.Min(seconds, 359_999));
        return time.TotalHours >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}")
            : string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}:{time.Seconds:00}");
    }
}
