using System.CommandLine;
using ModelRunner.ScrapeBenchmark;
using ModelRunner.ScrapeBenchmark.Aggregators;
using ModelRunner.ScrapeBenchmark.Measuring;

namespace ModelRunner.RequestBenchmark;

/// <summary>The command line.</summary>
internal static class RequestBenchmarkCommand
{
    private const int Failed = 1;
    private const int Misused = 2;
    private const int Interrupted = 130;

    private static readonly Option<string> Daemon = new("--daemon")
    {
        Description = "The daemon's executable [default: the published one in out/, else the one that was built for release]", HelpName = "PATH",
    };

    private static readonly Option<string[]> Compare = new("--compare")
    {
        Description = "Another build of the daemon, which is measured in the same run", HelpName = "PATH",
    };

    private static readonly Option<int> Connections = new("--connections")
    {
        Description = "So many requests and streams at once, 1 to 1000", DefaultValueFactory = static _ => 64, HelpName = "N",
    };

    private static readonly Option<int> Runs = new("--runs")
    {
        Description = "Measures so many times, 1 to 1000", DefaultValueFactory = static _ => 5, HelpName = "N",
    };

    private static readonly Option<double> Seconds = new("--seconds")
    {
        Description = "Measures for so long each time, 0.1 to 3600", DefaultValueFactory = static _ => 3, HelpName = "S",
    };

    /// <summary>Runs the benchmark.</summary>
    /// <returns>The exit code: 1 where a response is wrong or a daemon does not run, 2 where the arguments are wrong.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        Limit(Connections, static value => value is >= 1 and <= 1000);
        Limit(Runs, static value => value is >= 1 and <= 1000);
        Limit(Seconds, static value => value is >= 0.1 and <= 3600);
        var root = new RootCommand("Measures what the daemon adds to a request.") { Daemon, Compare, Connections, Runs, Seconds };
        root.SetAction(MeasureAsync);
        ParseResult parsed = root.Parse(arguments);

        // Started processes are ended before the program ends, also on Ctrl-C.
        int code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(1) });
        return parsed.Errors.Count > 0 ? Misused : code;
    }

    private static async Task<int> MeasureAsync(ParseResult parsed, CancellationToken cancellation)
    {
        try
        {
            string[] others = parsed.GetValue(Compare) ?? [];
            var options = new RequestOptions(
                [DaemonFinder.Find(parsed.GetValue(Daemon)), .. others.Select(DaemonFinder.Find)], parsed.GetValue(Connections), parsed.GetValue(Runs),
                TimeSpan.FromSeconds(parsed.GetValue(Seconds)));
            Console.WriteLine($"Machine: {MachineProbe.Description}\n");
            await Comparison.RunAsync(options, Console.Out, cancellation);
            return 0;
        }
        catch (BenchmarkException exception)
        {
            await Console.Error.WriteLineAsync($"error: {exception.Message}");
            return Failed;
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
    }

    private static void Limit<T>(Option<T> option, Func<T?, bool> isAllowed) => option.Validators.Add(result =>
    {
        if (result.Errors.Any() || isAllowed(result.GetValue(option)))
            return;
        result.AddError($"{option.Name} takes no {result.Tokens[^1].Value}: {option.Description}");
    });
}
