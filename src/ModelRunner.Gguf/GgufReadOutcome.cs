namespace ModelRunner.Gguf;

/// <summary>The answer to reading the head of a GGUF file: exactly one of the two is set.</summary>
/// <param name="Header">What it says.</param>
/// <param name="Problem">Why it cannot be used, a clause that follows the file's name.</param>
internal readonly record struct GgufReadOutcome(GgufHeader? Header, string? Problem);
