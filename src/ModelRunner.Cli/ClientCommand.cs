using System.CommandLine;
using ModelRunner.Client;
using ModelRunner.Linux.Files;

namespace ModelRunner.Cli;

/// <summary>A command that calls a daemon. Its failures become one sentence on standard error and an exit code.</summary>
internal abstract class ClientCommand : Command
{
    private readonly Option<string> _host = new("--host")
    {
        Description = "The address of the daemon: the path of its socket, or http://host:port or https://host:port [variable: MODEL_RUNNER_HOST]",
        HelpName = "ADDRESS",
    };

    private readonly Option<string> _keyFile = new("--api-key-file")
    {
        Description = "Sends the key in this file to the address of --host", HelpName = "PATH",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Write only JSON to standard output" };

    protected ClientCommand(string name, string description, CliContext context)
        : base(name, description)
    {
        Context = context;
        Add(_host);
        Add(_keyFile);
        Add(_json);
        SetAction(InvokeAsync);
    }

    protected CliContext Context { get; }

    protected CliConsole Console => Context.Console;

    /// <summary>Whether the user asked for JSON.</summary>
    protected bool IsJson(ParseResult result) => result.GetValue(_json);

    /// <summary>Runs the command and returns the exit code.</summary>
    protected abstract Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt);

    private async Task<int> InvokeAsync(ParseResult result, CancellationToken cancellation)
    {
        using var interrupt = new Interrupt();
        return await interrupt.WaitAsync(Task.Run(() => AnswerAsync(result, interrupt), CancellationToken.None), Context.Time);
    }

    private async Task<int> AnswerAsync(ParseResult result, Interrupt interrupt)
    {
        try
        {
            DaemonAddress address = DaemonLocator.Find(result.GetValue(_host), Context.Options);
            ClientKey? key = ClientKey.Find(result.GetValue(_keyFile), Context.Options);
            using var client = new DaemonClient(address, key, Context.Options, Context.Time);
            return await RunAsync(result, client, interrupt);
        }
        catch (CliFailure failure)
        {
            Console.WriteError(failure.Message);
            return failure.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return interrupt.ExitCode;
        }
        catch (IOException failure) when (failure is not OutputException)
        {
            Console.WriteError("the connection to the daemon ended before its response was complete");
            return ExitCode.Failure;
        }
    }
}
