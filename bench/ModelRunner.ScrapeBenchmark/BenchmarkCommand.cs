using System.CommandLine;
using ModelRunner.ScrapeBenchmark.Aggregators;
using ModelRunner.ScrapeBenchmark.Measuring;
using ModelRunner.ScrapeBenchmark.Pages;

namespace ModelRunner.ScrapeBenchmark;

/// <summary>The command line.</summary>
internal static class BenchmarkCommand
{
    private const int Failed = 1;
    private const int Misused = 2;
    private const int Interrupted = 130;

    private static readonly Option<string> Daemon = new("--daemon")
    {
        Description = "The daemon's executable [default: the published one in out/, else the one that was built for release]", HelpName = "PATH",
    };

    private static readonly Option<int?> Runners = new("--runners")
    {
        Description = "Measures so many runners, 1 to 9999 [default: nine workloads, from 10 llama-servers to 8 pages of 100,000 samples]", HelpName = "N",
    };

    private static readonly Option<string?> Page = new("--page") { Description = "What each of them answers [default: llama]" };

    private static readonly Option<string?> Form = new("--form") { Description = "What the scraper asks for [default: text]" };

    private static readonly Option<int> Runs = new("--runs")
    {
        Description = "Measures so many times, 1 to 1000", DefaultValueFactory = static _ => 5, HelpName = "N",
    };

    private static readonly Option<double> Seconds = new("--seconds")
    {
        Description = "Measures for so long each time, 0 to 3600", DefaultValueFactory = static _ => 3, HelpName = "S",
    };

    private static readonly Option<bool> Floor = new("--floor") { Description = "Also measures the least that any aggregator costs here" };

    /// <summary>Runs the benchmark.</summary>
    /// <returns>The exit code: 1 where a page is wrong or the daemon does not run, 2 where the arguments are wrong.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        Page.AcceptOnlyFromAmong([.. SamplePage.All.Select(static page => page.Name)]);
        Form.AcceptOnlyFromAmong([.. PageForm.All.Select(static form => form.Name)]);
        Limit(Runners, static value => value is null or (>= 1 and <= 9999));
        Limit(Runs, static value => value is >= 1 and <= 1000);
        Limit(Seconds, static value => value is >= 0 and <= 3600);
        var root = new RootCommand("Measures what a scrape of the daemon's metrics page costs.") { Daemon, Runners, Page, Form, Runs, Seconds, Floor };
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
            BenchmarkOptions options = Read(parsed);
            Console.WriteLine($"Daemon: {options.DaemonPath}\nMachine: {MachineProbe.Description}\n");
            await Benchmark.RunAsync(options, Console.Out, cancellation);
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

    private static BenchmarkOptions Read(ParseResult parsed)
    {
        int? runners = parsed.GetValue(Runners);
        string? page = parsed.GetValue(Page);
        string? form = parsed.GetValue(Form);
        IReadOnlyList<Workload> workloads = (runners, page, form) is (null, null, null)
            ? Workload.All
            :
            [
                new Workload(
                    runners ?? 10,
                    SamplePage.All.Single(known => known.Name == (page ?? SamplePage.Llama.Name)),
                    PageForm.All.Single(known => known.Name == (form ?? PageForm.Text.Name))),
            ];
        return new BenchmarkOptions(
            DaemonFinder.Find(parsed.GetValue(Daemon)),
            workloads,
            parsed.GetValue(Runs),
            TimeSpan.FromSeconds(parsed.GetValue(Seconds)),
            parsed.GetValue(Floor));
    }

    private static void Limit<T>(Option<T> option, Func<T?, bool> isAllowed) => option.Validators.Add(result =>
    {
        if (result.Errors.Any() || isAllowed(result.GetValue(option)))
            return;
        result.AddError($"{option.Name} takes no {result.Tokens[^1].Value}: {option.Description}");
    });
}
