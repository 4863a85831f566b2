namespace ModelRunner.Client;

/// <summary>What the program ends with. Documented in <c>docs/cli.md</c>; scripts rely on it.</summary>
internal static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Success = 0;

    /// <summary>The daemon answered, and the answer was no.</summary>
    public const int Failure = 1;

    /// <summary>The command line or the configuration is wrong.</summary>
    public const int Usage = 2;

    /// <summary>No daemon could be reached.</summary>
    public const int NotRunning = 3;

    /// <summary>Interrupted by the user, as shells number it.</summary>
    public const int Interrupted = 130;
}
