using System.CommandLine;
using System.CommandLine.Parsing;
using ModelRunner.Daemon.Configuration;

namespace ModelRunner.Daemon.Cli;

/// <summary>The command line: <c>serve</c> runs the daemon, every other command talks to one.</summary>
internal static class CommandLine
{
    /// <summary>Runs the command that the arguments name and returns the exit code of the process.</summary>
    /// <param name="arguments">The arguments of the process.</param>
    /// <param name="serve">Runs the daemon until it is told to end, and returns the exit code.</param>
    public static Task<int> RunAsync(string[] arguments, Func<DaemonOptions, CancellationToken, Task<int>> serve) =>
        RunAsync(arguments, serve, CliConsole.OfProcess(), DaemonOptions.FromProcess());

    /// <summary>As the other one, with a console and surroundings of the caller's.</summary>
    public static async Task<int> RunAsync(
        string[] arguments, Func<DaemonOptions, CancellationToken, Task<int>> serve, CliConsole console, DaemonOptions surroundings)
    {
        var root = new RootCommand("Runs language models on this machine and shows all of them on one Prometheus page.");
        var serveCommand = new ServeCommand(serve, surroundings);
        var context = new CliContext(console, surroundings, TimeProvider.System);
        root.Add(serveCommand);
        root.Add(new RunCommand(context));
        root.Add(new PsCommand(context));
        root.Add(new LsCommand(context));
        root.Add(new UnloadCommand(context));
        root.Add(new StatusCommand(context));
        root.Add(new MetricsCommand(context));
        root.Add(new VersionCommand(context));

        ParseResult parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
            return RefuseUsage(parsed, console);

        await using var output = new StreamWriter(console.Out, leaveOpen: true) { AutoFlush = true };
        var configuration = new InvocationConfiguration { Output = output, Error = console.Error, EnableDefaultExceptionHandler = false };

        // The daemon has its own way to end: it drains. A client just stops.
        if (parsed.CommandResult.Command == serveCommand)
            configuration.ProcessTerminationTimeout = null;
        return await parsed.InvokeAsync(configuration);
    }

    private static int RefuseUsage(ParseResult parsed, CliConsole console)
    {
        foreach (ParseError error in parsed.Errors)
            console.WriteError(error.Message);
        console.WriteError($"see \"{Name(parsed)} --help\"");
        return ExitCode.Usage;
    }

    private static string Name(ParseResult parsed) =>
        parsed.CommandResult.Command is RootCommand ? "model-runner" : $"model-runner {parsed.CommandResult.Command.Name}";
}
