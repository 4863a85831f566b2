using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Api;

/// <summary>A runner as it is shown: what the daemon knows of it and, for an attached one, whether it answers.</summary>
internal readonly record struct RunnerView(RunnerSnapshot Runner, AttachedState Attached, CauseText Causes)
{
    /// <summary>Its state in a word.</summary>
    public string State => (Runner.State, Attached) switch
    {
        (RunnerState.Ready, AttachedState.Refused or AttachedState.Silent) => "down",
        (RunnerState.Loading, _) or (RunnerState.Ready, AttachedState.Loading) => "loading",
        (RunnerState.Ready, _) => "ready",
        (RunnerState.Stopping, _) => "stopping",
        (RunnerState.Waiting, _) => "waiting",
        _ => "failed",
    };

    /// <summary>Why it cannot serve, by the words of the metrics page; null where it can or where the state says all.</summary>
    public string? Reason => Attached switch
    {
        AttachedState.Refused => "refused",
        AttachedState.Silent => "timeout",
        _ => null,
    };

    /// <summary>What went wrong with it, in one line; null: nothing.</summary>
    public string? Failure => Attached switch
    {
        AttachedState.Refused => "refused: it took no connection, or ended it before it answered",
        AttachedState.Silent => "timeout: it did not answer within a second",
        _ => Runner.Failure is { } failure ? Causes.WithoutFolders(failure) : null,
    };

    /// <summary>How it is told from others in a sentence.</summary>
    public string Name => Runner.Replica is { } replica
        ? $"{Runner.Key.Model} ({ModeText.Format(Runner.Key.Mode)}, replica {replica})"
        : $"{Runner.Key.Model} ({ModeText.Format(Runner.Key.Mode)})";
}
