using System.Globalization;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>The scans of one tool's stores.</summary>
internal sealed class SourceScan(SourceSettings settings, BackgroundScan<SourceListing> scan) : IDisposable
{
    /// <summary>A scan that takes longer than this is reported.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public SourceSettings Settings => settings;

    public BackgroundScan<SourceListing> Scan => scan;

    /// <summary>Whether no scan has ended and the first one may still end soon.</summary>
    public bool IsUnknown => scan.IsUnknown && (scan.RunsFor ?? TimeSpan.Zero) < Patience;

    /// <summary>Its state.</summary>
    public SourceReport Report()
    {
        var problems = new List<string>();
        if (DescribeHang(scan.RunsFor) is { } hang)
            problems.Add(hang);

        // The message of the system may name a path of this machine.
        if (scan.Failure is { } failure)
            problems.Add(
                $"cannot be read now: {(failure == BackgroundScan<SourceListing>.InternalError ? failure : "its folders could not be opened")}");
        if (scan.WatchProblem is { } reason)
            problems.Add(DescribeUnwatched(reason));
        problems.AddRange(scan.Content?.Content.Problems ?? []);
        return new SourceReport(settings.Kind, scan.Content is { } found ? SourceSizes.CountModels(found) : 0, problems);
    }

    public void Dispose() => scan.Dispose();

    /// <summary>A clause about a scan that takes too long; null: it does not.</summary>
    public static string? DescribeHang(TimeSpan? duration) => duration is { } time && time >= Patience
        ? string.Create(CultureInfo.InvariantCulture, $"has not been read for {time.TotalSeconds:0} s: its disk does not respond")
        : null;

    /// <summary>A clause about a place that cannot be watched.</summary>
    public static string DescribeUnwatched(string reason) => string.Create(
        CultureInfo.InvariantCulture, $"is scanned every {BackgroundScan<SourceListing>.UnwatchedInterval.TotalSeconds:0} s for changes: {reason}");
}
