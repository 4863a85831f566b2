using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>One family of the daemon itself, as <see cref="MetricFamilies"/> lists it.</summary>
/// <param name="Name">Its metric name; it begins with <see cref="MetricFamilies.Prefix"/>.</param>
/// <param name="Type">Its type.</param>
/// <param name="Help">Its help text.</param>
/// <param name="Unit">Its unit, with which the name ends (before <c>_total</c>); null: none.</param>
internal sealed record MetricFamily(string Name, MetricType Type, string Help, string? Unit = null)
{
    /// <summary>The name of the creation times of a counter or a histogram, in OpenMetrics.</summary>
    public string CreationName { get; } =
        (Name.EndsWith("_total", StringComparison.Ordinal) ? Name[..^"_total".Length] : Name) + "_created";

    /// <summary>The most labels beside those of a runner or a model.</summary>
    public const int MaxLabels = 5;

    /// <summary>Whether its samples have the labels of a runner, before <see cref="Labels"/>.</summary>
    public bool IsPerRunner { get; init; }

    /// <summary>Whether its samples have the labels backend, model and mode, before <see cref="Labels"/>.</summary>
    public bool IsPerModel { get; init; }

    /// <summary>The names of its labels beside those, in the order of the page. At most <see cref="MaxLabels"/>.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];
}
