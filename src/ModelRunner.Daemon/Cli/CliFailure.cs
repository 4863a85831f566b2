namespace ModelRunner.Daemon.Cli;

/// <summary>Ends a command with one sentence on standard error and an exit code.</summary>
internal sealed class CliFailure(string sentence, int exitCode) : Exception(sentence)
{
    public int ExitCode => exitCode;
}
