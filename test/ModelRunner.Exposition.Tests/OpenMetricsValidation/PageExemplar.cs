namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>What stands behind the number sign of a sample.</summary>
internal sealed record PageExemplar(IReadOnlyList<PageLabel> Labels, string Value, string? Timestamp);
