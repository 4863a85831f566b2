using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Processes;

/// <summary>One llama-host with the embedding model, for the tests of one class.</summary>
public sealed class EmbeddingHostFixture : IAsyncLifetime
{
    internal HostProcess Host { get; private set; } = null!;

    public async ValueTask InitializeAsync() =>
        Host = await HostProcess.StartAsync(
            "--model", HostProcess.EmbeddingModel, "--alias", "tiny-embed", "--embeddings", "--metrics", "--threads", "1");

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
