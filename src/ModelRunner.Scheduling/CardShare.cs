namespace ModelRunner.Scheduling;

/// <summary>Memory on one graphics card.</summary>
/// <param name="Card">The name of the card.</param>
/// <param name="Bytes">The memory in bytes.</param>
public readonly record struct CardShare(string Card, long Bytes);
