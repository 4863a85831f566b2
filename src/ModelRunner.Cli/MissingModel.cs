using ModelRunner.Client;
using ModelRunner.Configuration;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary>Pulls the model of a command if it is not there, and then asks the daemon again.</summary>
/// <param name="console">Where the progress is shown.</param>
/// <param name="client">Asks the daemon.</param>
/// <param name="time">The clock.</param>
internal sealed class MissingModel(CliConsole console, DaemonClient client, TimeProvider time)
{
    private const int MaxNote = 500;

    /// <summary>The most bytes per second of a pull, as the user wrote them; null: no limit.</summary>
    public string? Limit { get; init; }

    /// <summary>
    /// Asks the daemon, if necessary after a pull. It says that the model is not there before anything else, so nothing is shown twice.
    /// </summary>
    /// <param name="ask">Asks the daemon.</param>
    /// <param name="mayPull">Whether the user allows a pull.</param>
    /// <param name="cancellation">Leaves the pull. What was fetched is kept.</param>
    /// <exception cref="CliFailure">The daemon refused, or the pull failed.</exception>
    public async Task PullForAsync(Func<Task> ask, bool mayPull, CancellationToken cancellation)
    {
        try
        {
            await ask();
            return;
        }
        catch (CliFailure missing) when (missing.Pull is { } name && mayPull)
        {
            console.Error.WriteLine(PlainText.EscapeAndCut($"The model is not there; pulling {name}.", MaxNote));
            await PullAsync(name, missing.Similar, cancellation);
        }

        await ask();
    }

    private async Task PullAsync(string name, IReadOnlyList<string> similar, CancellationToken cancellation)
    {
        try
        {
            string message = await new ProgressFollower(console, client, time).RunAsync(name, Limit, isJson: false, cancellation);
            console.Error.WriteLine(PlainText.EscapeAndCut(message, MaxNote));
        }
        catch (CliFailure failure) when (similar.Count > 0)
        {
            throw new CliFailure($"{failure.Message}; {Spelling.Question(similar)}", failure.ExitCode) { Code = failure.Code, Similar = similar };
        }
    }
}
