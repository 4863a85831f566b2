namespace ModelRunner.Client;

/// <summary>The exit codes of the program. Documented in <c>docs/cli.md</c>; scripts rely on them.</summary>
internal static class ExitCode
{
    /// <summary>Success.</summary>
    public const int Success = 0;

    /// <summary>The daemon responded with an error, or the command failed.</summary>
    public const int Failure = 1;

    /// <summary>The command line or the configuration is wrong.</summary>
    public const int Usage = 2;

    /// <summary>No daemon could be reached.</summary>
    public const int NotRunning = 3;

    /// <summary>The user interrupted the command; numbered as shells do.</summary>
    public const int Interrupted = 130;
}
