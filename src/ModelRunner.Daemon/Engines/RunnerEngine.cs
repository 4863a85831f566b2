using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Engines;

/// <summary>The program that serves models.</summary>
/// <param name="Name">What people call it: <c>llama-server</c> or <c>llama-host</c>.</param>
/// <param name="Path">Absolute path of the executable.</param>
internal sealed record RunnerEngine(string Name, string Path)
{
    private const string LlamaServer = "llama-server";
    private const string LlamaHost = "llama-host";

    /// <summary>Whether it is the real one, which knows more arguments than ours.</summary>
    public bool IsLlamaServer => Name == LlamaServer;

    /// <summary>The one to use: llama-server where there is one, else the embedded one, else null.</summary>
    public static RunnerEngine? Choose(RunnerSettings settings) => settings switch
    {
        { LlamaServerPath: { } path } => new RunnerEngine(LlamaServer, path),
        { LlamaHostPath: { } path } => new RunnerEngine(LlamaHost, path),
        _ => null,
    };
}
