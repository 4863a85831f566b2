using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Processes;

/// <summary>One llama-host whose chat template has the signs of one with tools, for the tests of one class.</summary>
public sealed class ToolHostFixture : IAsyncLifetime
{
    internal HostProcess Host { get; private set; } = null!;

    public async ValueTask InitializeAsync() =>
        Host = await HostProcess.StartAsync(
            "--model", HostProcess.ChatModel, "--chat-template", "{# <|im_start|> <tools> <tool_call> #}",
            "--parallel", "2", "--ctx-size", "8192", "--threads", "1");

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
