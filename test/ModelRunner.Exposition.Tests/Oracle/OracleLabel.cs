namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>A label with its escapes undone.</summary>
internal sealed record OracleLabel(string Name, string Value);
