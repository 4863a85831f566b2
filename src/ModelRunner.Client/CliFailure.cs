namespace ModelRunner.Client;

/// <summary>Ends a command with one sentence on standard error and an exit code.</summary>
internal sealed class CliFailure(string sentence, int exitCode) : Exception(sentence)
{
    public int ExitCode => exitCode;

    /// <summary>The daemon's own code of the error, such as <c>model_not_found</c>; null where it gave none.</summary>
    public string? Code { get; init; }
}
