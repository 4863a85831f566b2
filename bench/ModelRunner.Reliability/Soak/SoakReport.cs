using System.Globalization;

namespace ModelRunner.Reliability.Soak;

/// <summary>Writes the figures of a run, and decides whether it is good.</summary>
internal static class SoakReport
{
    private const int MinPoints = 10;
    private const int MaxMoreDescriptors = 64;
    private const int MaxMoreThreads = 32;

    private static readonly (string Name, string Unit, double Limit, Func<SoakSample, double> Read)[] Figures =
    [
        ("resident memory", "MiB/h", 1, static sample => sample.ResidentBytes / 1048576.0),
        ("open files", "1/h", 1, static sample => sample.Descriptors),
        ("threads", "1/h", 1, static sample => sample.Threads),
        ("children", "1/h", 1, static sample => sample.Children),
        ("zombies", "1/h", 1, static sample => sample.Zombies),
    ];

    /// <summary>Writes the report.</summary>
    /// <returns>Whether all criteria hold.</returns>
    public static async Task<bool> WriteAsync(SoakRun run, SoakOptions options, TextWriter output)
    {
        double seconds = options.Time.TotalSeconds;
        string window = string.Create(CultureInfo.InvariantCulture, $"[{seconds:0}s]");
        double up = await run.Prometheus.AskAsync($"avg_over_time(up{{job=\"daemon\"}}{window})");
        double scrapes = await run.Prometheus.AskAsync($"count_over_time(up{{job=\"daemon\"}}{window})");
        double longest = await run.Prometheus.AskAsync($"max_over_time(scrape_duration_seconds{{job=\"daemon\"}}{window})");
        double dropped = await run.Prometheus.CountDroppedAsync();
        SoakTally tally = run.Tally;
        double[] own = [.. tally.ScrapeMilliseconds.Order()];

        output.WriteLine();
        output.WriteLine(Text($"{tally.Answers.Values.Sum()} requests: {string.Join(", ", tally.Answers.OrderBy(static pair => pair.Key).Select(static pair => $"{pair.Value} {pair.Key}"))}."));
        output.WriteLine(Text($"{run.Calendar.Count} faults."));
        output.WriteLine(Text($"Scrapes over the Unix socket: {own.Length} valid, {tally.MissedScrapes} not; median {Quantile(own, 0.5):0.0} ms, 99 % {Quantile(own, 0.99):0.0} ms, longest {Quantile(own, 1):0.0} ms."));
        output.WriteLine(Text($"Scrapes of Prometheus over TCP: {scrapes:0}, up in {100 * up:0.###} %, longest {1000 * longest:0} ms, {dropped:0} samples dropped."));
        output.WriteLine();
        bool isFlat = WriteSlopes(run.Samples, options.WarmUp, output);
        output.WriteLine();
        foreach (string problem in tally.Problems)
            output.WriteLine($"- {problem}");
        WriteSamples(run.Samples, options.SamplesPath);
        bool isComplete = up >= 1 && dropped == 0;
        SoakCriterion[] failed = [.. FailuresOf(run.Samples).Concat(tally.Failed).Concat(isComplete ? [] : [SoakCriterion.Prometheus]).Concat(isFlat ? [] : [SoakCriterion.Slopes]).Distinct().Order()];
        output.WriteLine(failed.Length == 0 ? "PASS" : $"FAIL: {string.Join(", ", failed).ToLowerInvariant()}");
        return failed.Length == 0;
    }

    /// <summary>The criteria that must hold in each rest, however short the run is, and that fail in one of these.</summary>
    public static IEnumerable<SoakCriterion> FailuresOf(IReadOnlyList<SoakSample> samples)
    {
        if (samples.Count == 0 || samples.Any(static sample => sample.Children + sample.Zombies > 0))
            yield return SoakCriterion.Processes;
        if (samples.Any(sample => sample.Descriptors > samples[0].Descriptors + MaxMoreDescriptors || sample.Threads > samples[0].Threads + MaxMoreThreads))
            yield return SoakCriterion.Sizes;
    }

    /// <summary>Writes the slopes. What grows is a failure. What cannot be decided in so short a run is not, but is told.</summary>
    public static bool WriteSlopes(IReadOnlyList<SoakSample> samples, TimeSpan warmUp, TextWriter output)
    {
        SoakSample[] kept = [.. samples.Where(sample => sample.At >= warmUp)];
        if (kept.Length < MinPoints)
        {
            output.WriteLine(Text($"Only {kept.Length} samples after the warm-up; slopes need {MinPoints}."));
            return false;
        }

        output.WriteLine(Text($"{kept.Length} samples without requests and runners, after {warmUp.TotalMinutes:0.#} min."));
        output.WriteLine();
        output.WriteLine("| Figure | First | Last | Most | Slope | 95 % limits | Unit | Limit | Result |");
        output.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        bool isFlat = true;
        foreach ((string name, string unit, double limit, Func<SoakSample, double> read) in Figures)
        {
            var slope = Slope.Of([.. kept.Select(sample => (sample.At.TotalHours, read(sample)))]);
            string result = slope.Upper <= limit ? "flat" : slope.Lower > limit ? "grows" : "not decided";
            isFlat &= slope.Lower <= limit;
            output.WriteLine(Text($"| {name} | {read(kept[0]):0.#} | {read(kept[^1]):0.#} | {kept.Max(read):0.#} | {slope.Value:0.00} | {slope.Lower:0.00} to {slope.Upper:0.00} | {unit} | {limit} | {result} |"));
        }

        return isFlat;
    }

    /// <summary>Reads what <see cref="WriteAsync"/> has written.</summary>
    public static IReadOnlyList<SoakSample> ReadSamples(string path) => [.. File.ReadLines(path).Skip(1).Select(static line => line.Split('\t')).Select(static cells => new SoakSample(
        TimeSpan.FromSeconds(double.Parse(cells[0], CultureInfo.InvariantCulture)), long.Parse(cells[1], CultureInfo.InvariantCulture), int.Parse(cells[2], CultureInfo.InvariantCulture),
        int.Parse(cells[3], CultureInfo.InvariantCulture), int.Parse(cells[4], CultureInfo.InvariantCulture), int.Parse(cells[5], CultureInfo.InvariantCulture)))];

    private static void WriteSamples(IReadOnlyList<SoakSample> samples, string? path)
    {
        if (path is null)
            return;
        File.WriteAllLines(path, samples.Select(static sample => Text(
            $"{sample.At.TotalSeconds:0.0}\t{sample.ResidentBytes}\t{sample.Descriptors}\t{sample.Threads}\t{sample.Children}\t{sample.Zombies}")).Prepend("seconds\tbytes\tfiles\tthreads\tchildren\tzombies"));
    }

    private static double Quantile(double[] sorted, double share) =>
        sorted.Length == 0 ? double.NaN : sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
