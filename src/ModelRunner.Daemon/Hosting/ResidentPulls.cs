using ModelRunner.Daemon.Inference;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// Pulls the models with <c>preload</c> that are not there, in the background, each one once at a time. A pull that fails is tried again, because a network
/// may come up after the daemon. Thread-safe.
/// </summary>
/// <param name="pulls">All pulls.</param>
/// <param name="catalog">Finds the models that were pulled.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed partial class ResidentPulls(ModelPulls pulls, ModelCatalog catalog, TimeProvider time, ILogger<ResidentPulls> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, string?> _running = new(StringComparer.Ordinal);
    private readonly HashSet<string> _pulled = new(StringComparer.Ordinal);

    /// <summary>Begins to pull a model, unless that goes on already, or was done: a model that somebody removed does not come back by itself.</summary>
    /// <param name="name">The model.</param>
    /// <param name="isWanted">Whether the configuration still says so; asked before each attempt.</param>
    /// <param name="pulled">Is called when the model is there.</param>
    /// <param name="cancellationToken">Ends the pull. What was fetched is kept.</param>
    /// <returns>Whether it is being pulled.</returns>
    public bool Begin(ArtifactName name, Func<bool> isWanted, Func<Task> pulled, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_pulled.Contains(name.ToString()))
                return false;
            if (!_running.TryAdd(name.ToString(), null))
                return true;
        }

        _ = Task.Run(() => RunAsync(name, isWanted, pulled, cancellationToken), CancellationToken.None);
        return true;
    }

    /// <summary>What is known of the pull of a model: a clause for a sentence.</summary>
    public string Describe(ArtifactName name)
    {
        lock (_gate)
        {
            return _running.GetValueOrDefault(name.ToString())
                ?? "it is not there, and it is being pulled, because pullOnRequest is on";
        }
    }

    private async Task RunAsync(ArtifactName name, Func<bool> isWanted, Func<Task> pulled, CancellationToken cancellationToken)
    {
        string written = name.ToWrittenString();
        try
        {
            LogPulling(written);
            TimeSpan pause = FirstPause;
            while (isWanted())
            {
                if (await TryPullAsync(name, cancellationToken) is not { } problem)
                {
                    lock (_gate)
                        _pulled.Add(name.ToString());
                    await catalog.FindPulledAsync(cancellationToken);
                    await pulled();
                    return;
                }

                lock (_gate)
                    _running[name.ToString()] = FormattableString.Invariant($"its pull failed: {problem}; it is tried again within {pause.TotalMinutes} min");
                LogFailed(written, problem, pause.TotalMinutes);
                await Task.Delay(pause, time, cancellationToken);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The daemon ends.
        }
        catch (Exception failure)
        {
            LogBroken(failure);
        }
        finally
        {
            lock (_gate)
                _running.Remove(name.ToString());
        }
    }

    /// <returns>The problem; null: the model is there. Somebody else may have pulled it since the last attempt.</returns>
    private async Task<string?> TryPullAsync(ArtifactName name, CancellationToken cancellationToken)
    {
        if ((await catalog.FindAsync(name.ToWrittenString(), cancellationToken)).Model is not null)
            return null;
        Pull pull;
        try
        {
            pull = PullStart.Join(pulls, name);
        }
        catch (ApiException failure)
        {
            return failure.Error.Message;
        }

        try
        {
            PullOutcome outcome = await pull.Completion.WaitAsync(cancellationToken);
            return outcome.IsSuccess ? null : outcome.Message;
        }
        finally
        {
            pulls.Queue.Leave(pull);
        }
    }

    [LoggerMessage(LogLevel.Information, "Model {Model} is to be preloaded and is not there; it is pulled now, because pullOnRequest is on.")]
    private partial void LogPulling(string model);

    [LoggerMessage(LogLevel.Warning, "The pull of model {Model}, which is to be preloaded, failed: {Problem}. It is tried again in {Minutes} min.")]
    private partial void LogFailed(string model, string problem, double minutes);

    [LoggerMessage(LogLevel.Error, "Internal error: the pull of a model to preload ended.")]
    private partial void LogBroken(Exception failure);
}
