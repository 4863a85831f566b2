using System.CommandLine;

namespace ModelRunner.Daemon.Cli;

/// <summary>A command that asks a daemon. Its failures become one sentence on standard error and an exit code.</summary>
internal abstract class ClientCommand : Command
{
    private readonly Option<string> _host = new("--host")
    {
        Description = "Where the daemon is: the path of its socket, or http://host:port [variable: MODEL_RUNNER_HOST]", HelpName = "ADDRESS",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Write JSON and nothing else to standard output" };

    protected ClientCommand(string name, string description, CliContext context, bool hasJson = true)
        : base(name, description)
    {
        Context = context;
        Add(_host);
        if (hasJson)
            Add(_json);
        SetAction(InvokeAsync);
    }

    protected CliContext Context { get; }

    protected CliConsole Console => Context.Console;

    /// <summary>Whether JSON was asked for.</summary>
    protected bool IsJson(ParseResult result) => result.GetResult(_json) is { Implicit: false };

    /// <summary>Does the work and returns the exit code.</summary>
    protected abstract Task<int> RunAsync(ParseResult result, DaemonClient client, CancellationToken cancellation);

    private async Task<int> InvokeAsync(ParseResult result, CancellationToken cancellation)
    {
        try
        {
            using var client = new DaemonClient(DaemonAddress.Find(result.GetValue(_host), Context.Surroundings));
            return await RunAsync(result, client, cancellation);
        }
        catch (CliFailure failure)
        {
            Console.WriteError(failure.Message);
            return failure.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (HttpIOException)
        {
            Console.WriteError("the daemon broke off within its answer");
            return ExitCode.Failure;
        }
        catch (IOException)
        {
            // Whoever read our output is gone, as head(1) is after ten lines.
            return ExitCode.Failure;
        }
    }
}
