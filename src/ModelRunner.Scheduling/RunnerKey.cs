namespace ModelRunner.Scheduling;

/// <summary>
/// What makes a managed runner unique: at most one live runner exists for a key.
/// </summary>
/// <param name="Backend">The engine's name, for instance <c>llama.cpp</c>.</param>
/// <param name="Model">The canonical model reference, with its tag.</param>
/// <param name="Mode">What the runner is started to do.</param>
public readonly record struct RunnerKey(string Backend, string Model, RunnerMode Mode);
