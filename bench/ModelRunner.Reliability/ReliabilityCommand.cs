using System.CommandLine;
using ModelRunner.Reliability.Chaos;
using ModelRunner.Reliability.Lab;
using ModelRunner.Reliability.Soak;
using ModelRunner.ScrapeBenchmark;
using ModelRunner.ScrapeBenchmark.Aggregators;
using ModelRunner.ScrapeBenchmark.Measuring;

namespace ModelRunner.Reliability;

/// <summary>The command line: <c>soak</c>, <c>chaos</c> and <c>slopes</c>.</summary>
internal static class ReliabilityCommand
{
    private const int Failed = 1;
    private const int Misused = 2;
    private const int Interrupted = 130;

    private static readonly Option<string> Daemon = new("--daemon")
    {
        Description = "The daemon's executable [default: the published one in out/, else the one that was built for release]", HelpName = "PATH",
    };

    private static readonly Option<string> Stub = new("--stub")
    {
        Description = "The stub runner [default: the one that was built beside this program]", HelpName = "PATH",
    };

    private static readonly Option<string> LlamaServer = new("--llama-server")
    {
        Description = "A real llama-server, which serves one more model of the soak [default: none]", HelpName = "PATH",
    };

    private static readonly Option<double> Minutes = new("--minutes")
    {
        Description = "The soak takes so long, 1 to 10000", DefaultValueFactory = static _ => 30, HelpName = "M",
    };

    private static readonly Option<double> Part = new("--part")
    {
        Description = "The soak measures the daemon every so many seconds, 5 to 600", DefaultValueFactory = static _ => 30, HelpName = "S",
    };

    private static readonly Option<double?> WarmUp = new("--warm-up")
    {
        Description = "Samples of the first minutes are not part of the slopes [default: a third of the time]", HelpName = "M",
    };

    private static readonly Argument<FileInfo> SampleFile = new("FILE") { Description = "What a soak has written with --samples" };

    private static readonly Option<string> Samples = new("--samples")
    {
        Description = "Writes the samples of the soak to this file [default: none]", HelpName = "PATH",
    };

    private static readonly Option<int> Rounds = new("--rounds")
    {
        Description = "Each cell of the matrix so many times, 1 to 1000", DefaultValueFactory = static _ => 1, HelpName = "N",
    };

    private static readonly Option<string> Only = new("--only")
    {
        Description = "Only faults and phases with this text in \"fault/phase\" [default: all]", HelpName = "TEXT",
    };

    /// <summary>Runs the command.</summary>
    /// <returns>The exit code: 1 where something did not hold, 2 where the arguments are wrong.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        Minutes.Validators.Add(static result => Refuse(result, result.GetValue(Minutes) is >= 1 and <= 10_000));
        Part.Validators.Add(static result => Refuse(result, result.GetValue(Part) is >= 5 and <= 600));
        Rounds.Validators.Add(static result => Refuse(result, result.GetValue(Rounds) is >= 1 and <= 1000));
        var soak = new Command("soak", "Requests, scrapes, swaps and faults for a long time; then nothing of the daemon may have grown.") { Daemon, Stub, LlamaServer, Minutes, Part, WarmUp, Samples };
        soak.SetAction((parsed, cancellation) => GuardAsync(() => SoakAsync(parsed, cancellation)));
        var chaos = new Command("chaos", "Each fault in each phase of a model's life; five things must hold.") { Daemon, Stub, Rounds, Only };
        chaos.SetAction((parsed, cancellation) => GuardAsync(() => ChaosAsync(parsed, cancellation)));
        var slopes = new Command("slopes", "The slopes of a soak again, for instance with another warm-up.") { SampleFile, WarmUp };
        slopes.SetAction((parsed, _) => GuardAsync(() => Task.FromResult(SoakReport.WriteSlopes(
            SoakReport.ReadSamples(parsed.GetValue(SampleFile)!.FullName), TimeSpan.FromMinutes(parsed.GetValue(WarmUp) ?? 0), Console.Out))));
        ParseResult parsed = new RootCommand("Checks that the daemon withstands time and faults.") { soak, chaos, slopes }.Parse(arguments);

        // Started processes are ended before the program ends, also on Ctrl-C.
        int code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(1) });
        return parsed.Errors.Count > 0 ? Misused : code;
    }

    private static async Task<bool> SoakAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var time = TimeSpan.FromMinutes(parsed.GetValue(Minutes));
        var options = new SoakOptions(time, TimeSpan.FromSeconds(parsed.GetValue(Part)), parsed.GetValue(WarmUp) is { } warmUp ? TimeSpan.FromMinutes(warmUp) : time / 3, parsed.GetValue(Samples));
        LabPrograms programs = Find(parsed, parsed.GetValue(LlamaServer));
        await using SoakRun run = await SoakRun.StartAsync(programs);
        await run.RunAsync(options, Console.Out, cancellation);
        return await SoakReport.WriteAsync(run, options, Console.Out);
    }

    private static Task<bool> ChaosAsync(ParseResult parsed, CancellationToken cancellation) =>
        ChaosMatrix.RunAsync(Find(parsed, llamaServer: null), parsed.GetValue(Rounds), parsed.GetValue(Only), Console.Out, cancellation);

    private static async Task<int> GuardAsync(Func<Task<bool>> run)
    {
        try
        {
            Console.WriteLine($"Machine: {MachineProbe.Description}\n");
            return await run() ? 0 : Failed;
        }
        catch (Exception exception) when (exception is BenchmarkException or IOException)
        {
            await Console.Error.WriteLineAsync($"error: {exception.Message}");
            return Failed;
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
    }

    private static LabPrograms Find(ParseResult parsed, string? llamaServer) => new(
        DaemonFinder.Find(parsed.GetValue(Daemon)), FindStub(parsed.GetValue(Stub)), FindInPath("prometheus"), FindInPath("promtool"),
        llamaServer is null || File.Exists(llamaServer) ? llamaServer : throw new BenchmarkException($"{llamaServer} is not there; name a llama-server with --llama-server"));

    private static string FindStub(string? path)
    {
        string own = typeof(ReliabilityCommand).Assembly.GetName().Name!;
        string found = Path.GetFullPath(path ?? Path.Join(
            AppContext.BaseDirectory.Replace($"bench/{own}", "test/ModelRunner.StubRunner", StringComparison.Ordinal), "stub-runner"));
        return File.Exists(found) ? found : throw new BenchmarkException($"{found} is not there; build test/ModelRunner.StubRunner, or name one with --stub");
    }

    private static string FindInPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(folder => Path.Join(folder, program)).FirstOrDefault(File.Exists)
        ?? throw new BenchmarkException($"{program} is not in PATH; eng/test.sh fetches it into ~/.cache/model-runner/judges/usr/bin");

    private static void Refuse(System.CommandLine.Parsing.OptionResult result, bool isAllowed)
    {
        if (!isAllowed)
            result.AddError($"{result.Option.Name} takes no {result.Tokens[^1].Value}: {result.Option.Description}");
    }
}
