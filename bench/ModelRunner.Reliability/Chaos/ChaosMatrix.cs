using System.Globalization;
using ModelRunner.Reliability.Faults;
using ModelRunner.Reliability.Lab;
using ModelRunner.ScrapeBenchmark;

namespace ModelRunner.Reliability.Chaos;

/// <summary>Each fault in each phase, each time with a new daemon.</summary>
internal static class ChaosMatrix
{
    private const string FakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

    private static readonly (string Name, Func<Fault> Make)[] Faults =
    [
        Row(static () => new RunnerSignal("runner stopped", "STOP", "CONT")),
        Row(static () => new RunnerSignal("runner killed", "KILL")),
        Row(static () => new RunnerCrash()),
        Row(static () => new RunnerMemory()),
        Row(static () => new DaemonKill()),
        Row(static () => new DaemonPause()),
        Row(static () => new DescriptorLimit()),
        Row(static () => new ProcessLimit()),
        Row(static () => new StateDisk(isReadOnly: false)),
        Row(static () => new StateDisk(isReadOnly: true)),
        Row(static () => new BusyProcessors()),
        Row(static () => new SlowPeers()),
        Row(static () => new ClockJump(FakeTime)),
    ];

    /// <summary>Runs the matrix and writes it as a table.</summary>
    /// <param name="programs">The programs.</param>
    /// <param name="rounds">Each cell so many times.</param>
    /// <param name="only">Only cells whose "fault/phase" has this text; null: all.</param>
    /// <param name="output">For the table.</param>
    /// <param name="cancellation">Ends it after the current cell.</param>
    /// <returns>Whether everything held.</returns>
    public static async Task<bool> RunAsync(LabPrograms programs, int rounds, string? only, TextWriter output, CancellationToken cancellation)
    {
        if (!File.Exists(FakeTime))
            throw new BenchmarkException($"{FakeTime} is not there; install libfaketime, which moves the daemon's clock");
        Phase[] phases = Enum.GetValues<Phase>();
        var problems = new List<string>();
        output.WriteLine($"| Fault | {string.Join(" | ", phases)} |");
        output.WriteLine($"| --- |{string.Concat(phases.Select(static _ => " --- |"))}");
        TimeSpan longestPage = TimeSpan.Zero;
        TimeSpan longestRecovery = TimeSpan.Zero;
        int cells = 0;
        foreach ((string name, Func<Fault> make) in Faults)
        {
            var row = new List<string>();
            foreach (Phase phase in phases)
            {
                if (only is not null && !$"{name}/{phase}".Contains(only, StringComparison.OrdinalIgnoreCase))
                {
                    row.Add("");
                    continue;
                }

                (string text, TimeSpan page, TimeSpan recovery) = await RunCellsAsync(programs, make, name, phase, rounds, problems, cancellation);
                row.Add(text);
                cells += rounds;
                longestPage = page > longestPage ? page : longestPage;
                longestRecovery = recovery > longestRecovery ? recovery : longestRecovery;
            }

            if (row.Exists(static text => text.Length > 0))
                await output.WriteLineAsync($"| {name} | {string.Join(" | ", row)} |");
            await output.FlushAsync(cancellation);
        }

        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"\n{cells} cells, {problems.Count} problems; longest recovery {longestRecovery.TotalSeconds:0.0} s, longest page {longestPage.TotalSeconds:0.00} s.\n"));
        foreach (string problem in problems)
            await output.WriteLineAsync($"- {problem}");
        await output.WriteLineAsync(problems.Count == 0 ? "PASS" : "FAIL");
        return problems.Count == 0;
    }

    private static async Task<(string Text, TimeSpan Page, TimeSpan Recovery)> RunCellsAsync(
        LabPrograms programs, Func<Fault> make, string name, Phase phase, int rounds, List<string> problems, CancellationToken cancellation)
    {
        int good = 0;
        TimeSpan longestPage = TimeSpan.Zero;
        TimeSpan longestRecovery = TimeSpan.Zero;
        for (int round = 0; round < rounds; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            CellResult result = await new ChaosCell(programs, make(), phase).RunAsync();
            good += result.Problems.Count == 0 ? 1 : 0;
            problems.AddRange(result.Problems.Select(problem => $"{name}/{phase}: {problem}"));
            longestPage = result.LongestPage > longestPage ? result.LongestPage : longestPage;
            longestRecovery = result.Recovery > longestRecovery ? result.Recovery : longestRecovery;
        }

        return (string.Create(CultureInfo.InvariantCulture, $"{good}/{rounds}, {longestRecovery.TotalSeconds:0.0} s"), longestPage, longestRecovery);
    }

    private static (string Name, Func<Fault> Make) Row(Func<Fault> make) => (make().Name, make);
}
