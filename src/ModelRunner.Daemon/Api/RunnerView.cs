using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Api;

/// <summary>A runner as clients see it: what the daemon knows of it and, for an attached runner, whether it responds.</summary>
internal readonly record struct RunnerView(RunnerSnapshot Runner, AttachedState Attached, CauseText Causes)
{
    /// <summary>Why it would be started in another way now, in a clause; null: it would not.</summary>
    public string? Outdated { get; init; }

    /// <summary>The version of its engine; null: unknown.</summary>
    public string? EngineVersion { get; init; }

    /// <summary>Its state in one word.</summary>
    public string State => (Runner.State, Attached) switch
    {
        (RunnerState.Ready, AttachedState.Refused or AttachedState.Silent) => "down",
        (RunnerState.Loading, _) or (RunnerState.Ready, AttachedState.Loading) => "loading",
        (RunnerState.Ready, _) => "ready",
        (RunnerState.Stopping, _) => "stopping",
        (RunnerState.Waiting, _) => "waiting",
        _ => "failed",
    };

    /// <summary>The reason of <see cref="Failure"/>, in the words of the metrics page; null: none.</summary>
    public string? Reason => Attached switch
    {
        AttachedState.Refused => "refused",
        AttachedState.Silent => "timeout",
        _ => Runner.Failure?.Reason.ToLabelValue(),
    };

    /// <summary>Its last failure, in one line; null: none.</summary>
    public string? Failure => Attached switch
    {
        AttachedState.Refused => "refused: it accepted no connection, or closed it before it responded",
        AttachedState.Silent => "timeout: it did not respond within a second",
        _ => Runner.Failure is { } failure ? Causes.WithoutFolders(failure.Message) : null,
    };

    /// <summary>A name that is unique among all runners, for use in a sentence.</summary>
    public string Name => Runner.Replica is { } replica
        ? $"{Runner.Key.Model} ({ModeText.Format(Runner.Key.Mode)}, replica {replica})"
        : $"{Runner.Key.Model} ({ModeText.Format(Runner.Key.Mode)})";
}
