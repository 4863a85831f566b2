namespace ModelRunner.LlamaHost.Arguments;

/// <summary>What became of the command line: settings, a problem in one sentence, or neither where only the help was asked for.</summary>
internal sealed record ArgumentOutcome(HostSettings? Settings, string? Problem)
{
    /// <summary>The help was asked for.</summary>
    public static ArgumentOutcome Help { get; } = new(null, null);
}
