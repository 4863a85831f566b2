using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Engines;

/// <summary>The embedded runner, which every build of the daemon has beside it.</summary>
public sealed class LlamaHostTests : EngineTests
{
    private protected override RunnerSettings? Engine
    {
        get
        {
            string path = Path.Join(AppContext.BaseDirectory, "llama-host", "llama-host");
            return File.Exists(path) ? new RunnerSettings { LlamaHostPath = path } : null;
        }
    }
}
