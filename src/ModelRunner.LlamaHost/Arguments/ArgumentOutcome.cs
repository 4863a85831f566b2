namespace ModelRunner.LlamaHost.Arguments;

/// <summary>The result of parsing the command line: settings, a problem in one sentence, or neither if the user asked for the help.</summary>
/// <param name="Settings">The settings; null: none.</param>
/// <param name="Problem">Why there are no settings; null: the user asked for the help.</param>
/// <param name="Ignored">Arguments that llama-host does not know, as written. They are ignored.</param>
internal sealed record ArgumentOutcome(HostSettings? Settings, string? Problem, IReadOnlyList<string> Ignored)
{
    /// <summary>Creates the result for a user who asked for the help.</summary>
    public static ArgumentOutcome Help { get; } = new(null, null, []);
}
