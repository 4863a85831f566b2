using ModelRunner.Daemon.Configuration;

namespace ModelRunner.Daemon.Tests.Runners.Processes;

/// <summary>llama-server, where <c>LLAMA_SERVER_PATH</c> names one.</summary>
public sealed class LlamaServerTests : EngineTests
{
    private protected override RunnerSettings? Engine
    {
        get
        {
            string? path = Environment.GetEnvironmentVariable("LLAMA_SERVER_PATH");
            return path is null ? null : new RunnerSettings { LlamaServerPath = Directory.Exists(path) ? Path.Join(path, "llama-server") : path };
        }
    }
}
