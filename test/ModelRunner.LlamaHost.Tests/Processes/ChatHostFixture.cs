using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Processes;

/// <summary>One llama-host with the chat model and four slots, for the tests of one class.</summary>
public sealed class ChatHostFixture : IAsyncLifetime
{
    internal HostProcess Host { get; private set; } = null!;

    public async ValueTask InitializeAsync() =>
        Host = await HostProcess.StartAsync(
            "--model", HostProcess.ChatModel, "--alias", "tiny-chat", "--metrics",
            "--parallel", "4", "--ctx-size", "4096", "--threads", "1");

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
