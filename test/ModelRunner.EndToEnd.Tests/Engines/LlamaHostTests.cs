namespace ModelRunner.EndToEnd.Tests.Engines;

/// <summary>With the embedded runner, which is always there.</summary>
public sealed class LlamaHostTests : EngineTests
{
    private protected override string? RequireEngine() => null;

    private protected override bool SharesPrompts => false;
}
