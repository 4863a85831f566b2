namespace ModelRunner.Client;

/// <summary>Ends a command with one sentence on standard error and an exit code.</summary>
internal sealed class CliFailure(string sentence, int exitCode) : Exception(sentence)
{
    public int ExitCode => exitCode;

    /// <summary>The daemon's own error code, such as <c>model_not_found</c>; null if it sent none.</summary>
    public string? Code { get; init; }

    /// <summary>The name by which the missing model can be pulled; null: the daemon named none.</summary>
    public string? Pull { get; init; }

    /// <summary>If there is no such model: the names of similar ones, the nearest one first.</summary>
    public IReadOnlyList<string> Similar { get; init; } = [];
}
