using ModelRunner.Daemon.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// All models that requests can name: those of the configuration, of the store, and of attached runners. Reads the store anew when it
/// changed; safe to call from any thread.
/// </summary>
internal sealed class ModelCatalog(DaemonSettings settings)
{
    /// <summary>Finds the model that a person means by a reference, in any spelling of it.</summary>
    public ModelLookup Find(string reference) => throw new NotImplementedException(settings + reference);

    /// <summary>All models in order of their references.</summary>
    public IReadOnlyList<ModelEntry> List() => throw new NotImplementedException();
}
