namespace ModelRunner.Scheduling;

/// <summary>The identity of a managed runner: each key has at most one live runner.</summary>
/// <param name="Backend">The backend, for example <c>llama.cpp</c>.</param>
/// <param name="Model">The canonical model reference, with its tag.</param>
/// <param name="Mode">The kind of requests that it serves.</param>
public readonly record struct RunnerKey(string Backend, string Model, RunnerMode Mode)
{
    /// <summary>The order of backend, model and mode, as lists of runners have it.</summary>
    public static IComparer<RunnerKey> Order { get; } = Comparer<RunnerKey>.Create(static (one, other) =>
        string.CompareOrdinal(one.Backend, other.Backend) is not 0 and var backend ? backend
        : string.CompareOrdinal(one.Model, other.Model) is not 0 and var model ? model
        : one.Mode.CompareTo(other.Mode));
}
