using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Support;

/// <summary>Starts the daemon with the models that come with it and with a real engine.</summary>
internal static class DemoDaemon
{
    /// <summary>Starts it on a socket and on a free port.</summary>
    /// <param name="llamaServer">A real llama-server; null: the embedded runner, even where the machine has a llama-server.</param>
    /// <param name="setup">What else it is started with.</param>
    public static Task<DaemonFixture> StartAsync(string? llamaServer, DaemonSetup? setup = null)
    {
        setup ??= new DaemonSetup();
        var environment = new Dictionary<string, string?>(setup.Environment, StringComparer.Ordinal) { ["LLAMA_SERVER_PATH"] = llamaServer };
        if (llamaServer is null)
            environment["PATH"] = "/nowhere";
        return DaemonFixture.StartAsync(setup with { Environment = environment, HasTcp = true });
    }
}
