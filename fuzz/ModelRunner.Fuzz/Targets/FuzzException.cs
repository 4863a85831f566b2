namespace ModelRunner.Fuzz.Targets;

/// <summary>An equation does not hold.</summary>
public sealed class FuzzException(string message) : Exception(message);
