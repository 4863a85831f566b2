using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Engines;

/// <summary>With the real llama-server.</summary>
public sealed class LlamaServerTests : EngineTests
{
    private protected override string? RequireEngine() => RealLlamaServer.Require();

    private protected override bool SharesPrompts => true;
}
