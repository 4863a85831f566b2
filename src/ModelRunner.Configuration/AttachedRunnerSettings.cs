using ModelRunner.Scheduling;

namespace ModelRunner.Configuration;

/// <summary>A running server that the daemon scrapes and routes requests to, but never starts or stops.</summary>
/// <param name="Backend">The value of the <c>backend</c> label.</param>
/// <param name="Model">The canonical model reference.</param>
/// <param name="Mode">Its mode.</param>
/// <param name="SocketPath">Absolute path of its Unix socket; null where <paramref name="Address"/> is set.</param>
/// <param name="Address">Its http or https address; null where <paramref name="SocketPath"/> is set.</param>
/// <param name="Replica">The fourth label that distinguishes it from a runner with the same three; null: none.</param>
internal sealed record AttachedRunnerSettings(
    string Backend, string Model, RunnerMode Mode, string? SocketPath, Uri? Address, string? Replica)
{
    /// <summary>The name by which the server knows its model: <c>modelName</c>, else <c>model</c> as written; null: the reference.</summary>
    public string? ModelName { get; init; }

    /// <summary>Headers of every request to it, including the key. Their values are secret.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The path of its metrics page, with a leading slash.</summary>
    public string MetricsPath { get; init; } = "/metrics";

    /// <summary>Whether the daemon asks for the token counts of a stream; otherwise the server reports them unasked, or not at all.</summary>
    public bool RequestsUsage { get; init; } = true;

    /// <summary>How its certificate is checked; null: with the authorities that the system trusts.</summary>
    public AttachedTlsSettings? Tls { get; init; }

    /// <summary>Compares all values, also those within lists.</summary>
    public bool IsSameAs(AttachedRunnerSettings other) => this with { Headers = other.Headers } == other && Headers.SequenceEqual(other.Headers);
}
