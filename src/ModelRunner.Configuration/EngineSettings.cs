namespace ModelRunner.Configuration;

/// <summary>An engine of the section <c>engines</c>: a server with OpenAI's API that is started on demand.</summary>
/// <param name="Name">Its name. It is also the <c>backend</c> label of its models that have no <c>backend</c> of their own.</param>
/// <param name="Command">
/// The program and its arguments. The program is an absolute path, or a name to look up in PATH; the arguments have placeholders
/// (<see cref="CommandTemplate"/>).
/// </param>
/// <param name="ReadyPath">The path, with a leading slash, that returns a status from 200 to 299 when the server is ready.</param>
/// <param name="MetricsPath">The path of its metrics page, with a leading slash; null: it has none.</param>
internal sealed record EngineSettings(string Name, IReadOnlyList<string> Command, string ReadyPath, string? MetricsPath)
{
    /// <summary>Whether the daemon asks for the token counts of a stream; otherwise the server reports them unasked, or not at all.</summary>
    public bool RequestsUsage { get; init; } = true;

    /// <summary>The least memory in bytes.</summary>
    public const long LeastMemory = 1 << 20;

    /// <summary>The most memory in bytes.</summary>
    public const long MostMemory = 1L << 50;

    /// <summary>The main memory in bytes that each of its servers needs; null: it is known only after the first load of a model.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Whether it listens on a port of 127.0.0.1, and not on a Unix socket.</summary>
    public bool UsesPort => Uses(CommandTemplate.Port);

    /// <summary>Whether the command has this placeholder.</summary>
    public bool Uses(string placeholder) => Command.Any(word => CommandTemplate.Placeholders(word).Contains(placeholder, StringComparer.Ordinal));

    /// <summary>Whether its servers are started in the same way with the other settings.</summary>
    public bool StartsLike(EngineSettings other) => (this with { MemoryBytes = other.MemoryBytes }).IsSameAs(other);

    /// <summary>Compares all values, also those within lists.</summary>
    public bool IsSameAs(EngineSettings other) =>
        this with { Command = other.Command } == other && Command.SequenceEqual(other.Command, StringComparer.Ordinal);
}
