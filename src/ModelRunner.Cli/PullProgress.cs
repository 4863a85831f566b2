using System.Globalization;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary>Adds up the progress of a pull from the lines of the daemon. No number becomes less. The rate is that of the last seconds.</summary>
/// <param name="time">The clock.</param>
internal sealed class PullProgress(TimeProvider time)
{
    private const int MaxLayers = 4096;
    private const int MaxId = 80;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly List<LayerProgress> _layers = [];
    private readonly Queue<(long At, long Received)> _samples = new();
    private long _earlier;
    private long _lastSample;

    /// <summary>The files, in the order in which the daemon named them.</summary>
    public IReadOnlyList<LayerProgress> Layers => _layers;

    /// <summary>Bytes of the whole model; 0: not known yet.</summary>
    public long Total { get; private set; }

    /// <summary>Whether all files are known. The daemon names them one after the other, so before that, too little seems to be there.</summary>
    public bool IsWhole => _layers.Sum(static layer => layer.Size) >= Total;

    /// <summary>Bytes that are there.</summary>
    public long Current { get; private set; }

    // Without those of an earlier pull.
    private long Received => Current - _earlier;

    /// <summary>Takes a line. False: it is about no file.</summary>
    public bool Take(JsonElement line)
    {
        Total = Math.Max(Total, line.Integer("total") ?? 0);
        if (line.Member("layer") is not { } layer || layer.Text("id") is not { Length: > 0 and <= MaxId } id)
            return false;
        long current = Math.Max(0, layer.Integer("current") ?? 0);
        if (!_places.TryGetValue(id, out int place))
        {
            if (_layers.Count == MaxLayers)
                return true;
            _places[id] = place = _layers.Count;
            _layers.Add(new LayerProgress(PlainText.Escape(id), PlainText.Escape(layer.Text("role")), Math.Max(0, layer.Integer("size") ?? 0), 0));
            _earlier += current;
        }

        LayerProgress known = _layers[place];
        if (current > known.Current)
        {
            _layers[place] = known with { Current = current };
            Current += current - known.Current;
        }

        Sample();
        return true;
    }

    /// <summary>The progress for people, for example <c>45 %  1.20 GB of 2.60 GB  12.30 MB/s  1:54 left</c>.</summary>
    public string Describe()
    {
        double rate = Rate();
        string speed = rate > 0 ? $"  {FileSizeText.Format((long)rate)}/s" : "";
        string left = rate > 0 && Current < Total ? $"  {ShowTime((Total - Current) / rate)} left" : "";
        double percent = Math.Floor(Math.Min(100, 100.0 * Current / Math.Max(1, Total)));
        string size = $"{FileSizeText.Format(Current)} of {FileSizeText.Format(Total)}";
        return string.Create(CultureInfo.InvariantCulture, $"{percent:0} %  {size}{speed}{left}");
    }

    private void Sample()
    {
        long now = time.GetTimestamp();
        if (_samples.Count > 0 && time.GetElapsedTime(_lastSample, now) < SampleInterval)
            return;
        _lastSample = now;
        _samples.Enqueue((now, Received));
        while (_samples.Count > 2 && time.GetElapsedTime(_samples.Peek().At, now) > Window)
            _samples.Dequeue();
    }

    // Also falls while nothing comes.
    private double Rate()
    {
        if (!_samples.TryPeek(out (long At, long Received) oldest))
            return 0;
        TimeSpan elapsed = time.GetElapsedTime(oldest.At);
        return elapsed >= TimeSpan.FromSeconds(1) ? (Received - oldest.Received) / elapsed.TotalSeconds : 0;
    }

    private static string ShowTime(double seconds)
    {
        var left = TimeSpan.FromSeconds(Math.Min(seconds, 359_999));
        return left.TotalHours >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)left.TotalHours}:{left.Minutes:00}:{left.Seconds:00}")
            : string.Create(CultureInfo.InvariantCulture, $"{left.Minutes}:{left.Seconds:00}");
    }
}
