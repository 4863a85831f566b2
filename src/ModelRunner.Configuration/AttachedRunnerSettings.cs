using ModelRunner.Scheduling;

namespace ModelRunner.Configuration;

/// <summary>A server that already runs and that is scraped and routed to, never started or stopped.</summary>
/// <param name="Backend">The value of the <c>backend</c> label.</param>
/// <param name="Model">The canonical model reference.</param>
/// <param name="Mode">What it serves.</param>
/// <param name="SocketPath">Absolute path of its Unix socket; null where <paramref name="Address"/> is set.</param>
/// <param name="Address">Its http or https address; null where <paramref name="SocketPath"/> is set.</param>
/// <param name="Replica">The fourth label that tells it from one with the same three; null: none.</param>
internal sealed record AttachedRunnerSettings(
    string Backend, string Model, RunnerMode Mode, string? SocketPath, Uri? Address, string? Replica)
{
    /// <summary>The name by which the server knows its model: <c>modelName</c>, else <c>model</c> as it was written; null: the reference.</summary>
    public string? ModelName { get; init; }

    /// <summary>Headers that every request to it has, the key among them. Their values are secret.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The path of its metrics page, with a slash in front.</summary>
    public string MetricsPath { get; init; } = "/metrics";

    /// <summary>How its certificate is checked; null: by the authorities that the system trusts.</summary>
    public AttachedTlsSettings? Tls { get; init; }
}
