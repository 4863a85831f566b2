namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>One label with its escapes undone.</summary>
internal sealed record PageLabel(string Name, string Value);
