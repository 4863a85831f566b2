namespace ModelRunner.Scheduling;

/// <summary>One client request, from its arrival to its end.</summary>
/// <param name="Value">Counts up from 1 over the life of the daemon.</param>
public readonly record struct RequestId(long Value);
