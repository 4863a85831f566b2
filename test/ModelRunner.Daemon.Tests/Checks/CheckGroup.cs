namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Checks that measure durations: no other test runs at the same time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class CheckGroup
{
    public const string Name = "checks that measure durations";
}
