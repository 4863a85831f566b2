namespace ModelRunner.Linux.Processes;

/// <summary>The process to start.</summary>
/// <param name="Program">Absolute path of the executable.</param>
/// <param name="Arguments">Its arguments, without its own name.</param>
/// <param name="Environment">All of its environment variables, as <c>NAME=value</c>. It inherits none.</param>
/// <param name="WorkingDirectory">Absolute path of the folder that it starts in.</param>
internal sealed record SpawnRequest(
    string Program, IReadOnlyList<string> Arguments, IReadOnlyList<string> Environment, string WorkingDirectory)
{
    /// <summary>The processors that it may use; null: those of this process.</summary>
    public ProcessorSet? Processors { get; init; }

    /// <summary>The control group that it enters before its program is executed; null: that of this process.</summary>
    public RunnerGroup? Group { get; init; }
}
