namespace ModelRunner.Daemon.Models;

/// <summary>The answer to a look-up: a model, or one sentence that says why there is none and what to do.</summary>
internal readonly record struct ModelLookup(ModelEntry? Model, string? Problem);
