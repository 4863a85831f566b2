namespace ModelRunner.Fuzz.Running;

/// <summary>What a run has found.</summary>
/// <param name="Executions">How many times a target was given an input.</param>
/// <param name="Target">The target that failed; null where none did.</param>
/// <param name="Failure">What did not hold.</param>
/// <param name="Input">The input that it failed on; empty where none did.</param>
public sealed record FuzzReport(long Executions, string? Target, string? Failure, byte[] Input);
