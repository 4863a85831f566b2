using System.CommandLine;
using System.CommandLine.Help;
using ModelRunner.Client;
using ModelRunner.Configuration;
using ModelRunner.Linux.Files;

namespace ModelRunner.Cli;

/// <summary>The command line: <c>serve</c> runs the daemon, every other command talks to one.</summary>
internal static class CommandLine
{
    /// <summary>Runs the command that the arguments name and returns the exit code.</summary>
    /// <param name="arguments">The arguments of the process.</param>
    /// <param name="serve">Runs the daemon until it is told to end, and returns the exit code.</param>
    public static Task<int> RunAsync(string[] arguments, Func<DaemonOptions, CancellationToken, Task<int>> serve) =>
        RunAsync(arguments, serve, CliConsole.OfProcess(), DaemonOptions.FromProcess());

    /// <summary>As the other one, with a console, an environment and a clock of the caller's.</summary>
    public static async Task<int> RunAsync(
        string[] arguments, Func<DaemonOptions, CancellationToken, Task<int>> serve, CliConsole console, DaemonOptions options, TimeProvider? time = null)
    {
        try
        {
            RootCommand root = Build(serve, new CliContext(console, options, time ?? TimeProvider.System));
            return await RunAsync(root, HelpCommand.Rewrite(arguments), console);
        }
        catch (OutputException failure)
        {
            if (!failure.IsReaderGone)
                console.WriteError(failure.Message);
            return ExitCode.Failure;
        }
    }

    private static RootCommand Build(Func<DaemonOptions, CancellationToken, Task<int>> serve, CliContext context)
    {
        var root = new RootCommand("Runs language models on this machine and shows all of them on one Prometheus page.") { HelpName = UsageCheck.Program };
        root.Add(new ServeCommand(serve, context.Options));
        root.Add(new RunCommand(context));
        root.Add(new PullCommand(context));
        root.Add(new RmCommand(context));
        root.Add(new VerifyCommand(context));
        root.Add(new TagCommand(context));
        root.Add(new PushCommand(context));
        root.Add(new SaveCommand(context));
        root.Add(new LoadCommand(context));
        root.Add(new PackageCommand(context));
        root.Add(new RepackageCommand(context));
        root.Add(new PsCommand(context));
        root.Add(new LsCommand(context));
        root.Add(new InspectCommand(context));
        root.Add(new PreloadCommand(context));
        root.Add(new UnloadCommand(context));
        root.Add(new ConfigureCommand(context));
        root.Add(new StatusCommand(context));
        root.Add(new MetricsCommand(context));
        root.Add(new UsageCommand(context));
        root.Add(new DfCommand(context));
        root.Add(new PruneCommand(context));
        root.Add(new WhyCommand(context));
        root.Add(new LogsCommand(context));
        root.Add(new RequestsCommand(context));
        root.Add(new KeyCommand(context));
        root.Add(new VersionCommand(context));
        root.Add(new HelpCommand());
        return root;
    }

    private static async Task<int> RunAsync(RootCommand root, string[] arguments, CliConsole console)
    {
        var badSwitches = new List<string>();
        arguments = SwitchFlags.Rewrite(arguments, root, badSwitches);

        // A prompt may begin with "@", which would otherwise name a response file.
        ParseResult parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        bool isHelp = parsed.Action is HelpAction;
        IReadOnlyList<string> problems = badSwitches.Count > 0 ? badSwitches : UsageCheck.Check(parsed, root);
        if (problems.Count > 0 && (!isHelp || badSwitches.Count > 0 || parsed.UnmatchedTokens.Count > 0))
            return Refuse(problems, parsed, console);

        await using var output = new StreamWriter(console.Out, leaveOpen: true) { AutoFlush = true };

        // The daemon drains and a client stops at once; neither needs the parser's grace time.
        var configuration = new InvocationConfiguration
        {
            Output = output, Error = console.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null,
        };
        int exitCode = await parsed.InvokeAsync(configuration);
        if (isHelp && parsed.CommandResult.Command is ServeCommand)
            await output.WriteAsync(ServeCommand.DescribeOthers());
        return exitCode;
    }

    private static int Refuse(IReadOnlyList<string> problems, ParseResult parsed, CliConsole console)
    {
        foreach (string problem in problems)
            console.WriteError(problem);
        console.WriteError($"see \"{UsageCheck.NameOf(parsed.CommandResult.Command)} --help\"");
        return ExitCode.Usage;
    }
}
