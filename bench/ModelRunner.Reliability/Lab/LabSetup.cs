namespace ModelRunner.Reliability.Lab;

/// <summary>What a daemon is started with.</summary>
internal sealed record LabSetup
{
    /// <summary>The text of <c>model-runner.json</c>.</summary>
    public required string Configuration { get; init; }

    /// <summary>The models and the faults of their stubs, as JSON.</summary>
    public required IReadOnlyList<(string Name, string Faults)> Models { get; init; }

    /// <summary>The folder of the log files, in the lab's folder.</summary>
    public string LogFolder { get; init; } = "state/log";

    /// <summary>More variables of the daemon.</summary>
    public Dictionary<string, string> Variables { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Called before the first start with the lab's folder.</summary>
    public Func<string, Task> Prepare { get; init; } = static _ => Task.CompletedTask;

    /// <summary>Called at the end, after the daemon has ended.</summary>
    public Func<string, Task> CleanUp { get; init; } = static _ => Task.CompletedTask;
}
