namespace ModelRunner.LlamaHost.Arguments;

/// <summary>What became of the command line: settings, a problem in one sentence, or neither where only the help was asked for.</summary>
/// <param name="Settings">The settings; null: there are none.</param>
/// <param name="Problem">Why there are none; null: the help was asked for.</param>
/// <param name="Ignored">Arguments that llama-host does not know, as they were written. They are left out.</param>
internal sealed record ArgumentOutcome(HostSettings? Settings, string? Problem, IReadOnlyList<string> Ignored)
{
    /// <summary>The help was asked for.</summary>
    public static ArgumentOutcome Help { get; } = new(null, null, []);
}
