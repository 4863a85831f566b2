namespace ModelRunner.Exposition.Merging;

/// <summary>One family of the page.</summary>
/// <param name="Name">The index of its name.</param>
/// <param name="Type">Its type on the page.</param>
/// <param name="Help">The index of its HELP text, or -1.</param>
/// <param name="Unit">The index of its unit, or -1.</param>
internal readonly record struct Family(int Name, MetricType Type, int Help, int Unit);
