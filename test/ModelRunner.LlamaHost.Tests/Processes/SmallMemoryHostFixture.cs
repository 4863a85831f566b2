using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Processes;

/// <summary>One llama-host with the chat model that may use 128 MiB, for the tests of one class.</summary>
public sealed class SmallMemoryHostFixture : IAsyncLifetime
{
    internal HostProcess Host { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Host = await HostProcess.StartAsync(
        "/bin/sh",
        [
            "-c", "export DOTNET_GCHeapHardLimit=8000000; exec \"$0\" \"$@\"", HostProcess.Program,
            "--model", HostProcess.ChatModel, "--parallel", "2", "--ctx-size", "2048", "--threads", "1",
        ]);

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
