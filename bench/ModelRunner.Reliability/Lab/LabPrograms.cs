namespace ModelRunner.Reliability.Lab;

/// <summary>The programs of a run.</summary>
/// <param name="Daemon">The daemon.</param>
/// <param name="Stub">What the daemon starts instead of llama-server.</param>
/// <param name="Prometheus">Prometheus.</param>
/// <param name="Promtool">Its tool that checks pages.</param>
/// <param name="LlamaServer">A real llama-server, which serves one model of the soak; null: none.</param>
internal sealed record LabPrograms(string Daemon, string Stub, string Prometheus, string Promtool, string? LlamaServer);
