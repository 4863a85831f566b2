using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Hosting;

/// <summary>A model with <c>preload</c> that was not found, or that can never be loaded. Immutable.</summary>
/// <param name="Reference">The model.</param>
/// <param name="Text">Why, and what to do.</param>
/// <param name="Pulled">Its name in a registry while it is being pulled for that; null: it is not.</param>
internal sealed record ResidentProblem(string Reference, string Text, ArtifactName? Pulled);
