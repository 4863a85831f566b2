namespace ModelRunner.Scheduling;

/// <summary>The identity of a managed runner: each key has at most one live runner.</summary>
/// <param name="Backend">The backend, for example <c>llama.cpp</c>.</param>
/// <param name="Model">The canonical model reference, with its tag.</param>
/// <param name="Mode">The kind of requests that it serves.</param>
public readonly record struct RunnerKey(string Backend, string Model, RunnerMode Mode);
