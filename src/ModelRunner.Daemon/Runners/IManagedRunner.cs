namespace ModelRunner.Daemon.Runners;

/// <summary>One start of a managed runner, from its process to its end. Members are safe to use from any thread and never throw.</summary>
internal interface IManagedRunner
{
    /// <summary>How it is reached, once it listens.</summary>
    RunnerEndpoint Endpoint { get; }

    /// <summary>Its process; null before there is one.</summary>
    int? ProcessId { get; }

    /// <summary>What it was started with, for people who want to know. There are no secrets among them.</summary>
    IReadOnlyList<string> Arguments { get; }

    /// <summary>Completes once: with null when it is ready, or with the reason why it never will be; its process is gone then.</summary>
    Task<RunnerFailure?> Ready { get; }

    /// <summary>Completes when its process is gone: with null where that was asked for, else with the reason.</summary>
    Task<RunnerFailure?> Exited { get; }

    /// <summary>The last lines that it wrote, oldest first, safe to show.</summary>
    IReadOnlyList<string> LastLines(int maxCount);

    /// <summary>
    /// Ends it: SIGTERM, the grace time, then SIGKILL for its whole process group. Requests that are under way must have been cut
    /// before, for llama-server waits for them. Completes when the process is gone, at most two seconds after the grace time. Calls after
    /// the first share its work.
    /// </summary>
    Task StopAsync();
}
