using System.Globalization;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines.Command;

/// <summary>Any server with OpenAI's API that is started by a command of the configuration. No shell interprets the command.</summary>
/// <param name="settings">The engine as it is configured.</param>
internal sealed class CommandEngine(EngineSettings settings) : Engine
{
    public override string Name => settings.Name;

    protected override IReadOnlyList<KnownLogLine> KnownLines => CommandLogLines.All;

    // A program may be installed while the daemon runs, so it is looked up at each start.
    public override string? FindProblem(ModelEntry model) => FindProgram() is null
        ? $"engine {Name}: the program \"{settings.Command[0]}\" was not found or is not executable; "
            + $"install it, or write its absolute path as the first word of engines.{Name}.command"
        : null;

    public override RunnerStart Plan(StartOrder order)
    {
        ModelEntry model = order.Model;
        string name = model.Settings.ModelName ?? model.Reference;
        int? port = settings.UsesPort ? LoopbackPort.Choose() : null;
        RunnerEndpoint endpoint =
            RunnerEndpointFactory.ForCommand(order.Runner, order.SocketPath, port, settings.ReadyPath, settings.MetricsPath) with
            {
                ModelName = name,
                RequestsUsage = settings.RequestsUsage,
                MetricsRemedy = $"correct engines.{Name}.metrics",
            };
        string[] arguments = [.. settings.Command.Skip(1).Select(word => CommandTemplate.Fill(word, placeholder => placeholder switch
        {
            CommandTemplate.Socket => order.SocketPath,
            CommandTemplate.Port => port?.ToString(CultureInfo.InvariantCulture),
            CommandTemplate.Path => model.Path,
            CommandTemplate.Name => name,
            _ => null,
        }))];
        IReadOnlyList<string> variables = RunnerEnvironment.Build(Environment.GetEnvironmentVariables(), order.Folder.EmptyFolder);
        return new RunnerStart(this, model.Reference, FindProgram() ?? settings.Command[0], arguments, variables, endpoint)
        {
            SocketPath = port is null ? order.SocketPath : null, Port = port,
        };
    }

    public override RunnerFailure Explain(
        RunnerStart start, ExitStatus status, IReadOnlyList<string> lines, MemoryKill memoryKill, bool wasReady)
    {
        RunnerFailure failure = base.Explain(start, status, lines, memoryKill, wasReady);
        if (wasReady)
            return failure;

        // A command that starts the server in the background ends with exit code 0.
        if (status.Code == 0)
            return failure with { Message = $"{failure.Message}; engines.{Name}.command must run the server in the foreground" };

        // Another program may take the port after it was chosen and before the server listens on it.
        return start.Port is { } port && LoopbackPort.IsInUse(port)
            ? new RunnerFailure(StopReason.Socket,
                $"{failure.Message}; another program listens on port {port} now; the next start will use another port")
            : failure;
    }

    private string? FindProgram() => EngineLookup.FindProgram(settings.Command[0], Environment.GetEnvironmentVariable("PATH"));
}
