using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;
using ModelRunner.Store.Registries;

namespace ModelRunner.Store.Pulls;

/// <summary>Asks a registry which files a model has.</summary>
/// <param name="client">Reads from registries.</param>
internal sealed class RegistryPlanner(RegistryClient client)
{
    private const string OwnPlatform = "linux/amd64";

    /// <summary>Fetches the manifest of a model and checks that it can be served.</summary>
    /// <exception cref="Http.RemoteException">The registry did not send it.</exception>
    /// <exception cref="UnsupportedModelException">It is no model, or one that llama.cpp cannot load.</exception>
    public async Task<PullPlan> PlanAsync(ArtifactName name, CancellationToken cancellationToken)
    {
        RegistryManifest sent = await client.GetManifestAsync(name, cancellationToken);
        if (MediaTypes.IsIndex(sent.MediaType))
        {
            Digest chosen = Choose(name, sent).Digest;

            // The model would have another digest than the one that was written, so a request with the latter would not find it.
            if (name.Pin is not null)
            {
                throw new UnsupportedModelException(
                    $"{name.ToWrittenString()} is a list of manifests; write the digest of the model in it: {(name with { Pin = chosen }).ToWrittenString()}");
            }

            sent = await client.GetManifestAsync(name, chosen, cancellationToken);
        }

        if (!MediaTypes.IsManifest(sent.MediaType))
            throw new UnsupportedModelException($"{name.ToShortString()} is no model: the registry sent a file of the type {sent.MediaType}");

        ArtifactManifest manifest = ManifestReader.TryRead(sent.Bytes, out string? problem)
            ?? throw new UnsupportedModelException($"{name.ToShortString()} is no model: its manifest {problem}");
        return manifest.FindProblem() is { } reason
            ? throw new UnsupportedModelException($"{name.ToShortString()} {reason}")
            : new PullPlan(sent.Bytes, manifest, (request, token) => client.OpenBlobAsync(name, request, token));
    }

    // A list has one entry for each platform or form of the model. One entry that is a model for sure is better than a platform that fits.
    private static Descriptor Choose(ArtifactName name, RegistryManifest index)
    {
        IReadOnlyList<Descriptor> entries = ManifestReader.TryReadIndex(index.Bytes, out string? problem)
            ?? throw new UnsupportedModelException($"{name.ToShortString()} is no model: its list of manifests {problem}");
        Descriptor[] usable = [.. entries.Where(static entry => MediaTypes.IsManifest(entry.MediaType))];
        Descriptor[] models = [.. usable.Where(static entry => entry.ArtifactType is { } type && MediaTypes.IsModelConfig(type))];
        if (models.Length == 1)
            return models[0];
        if (usable.Length == 1)
            return usable[0];
        if (usable.Where(static entry => entry.Platform == OwnPlatform).ToArray() is [var fitting])
            return fitting;

        string shown = string.Join(", ", usable.Take(5).Select(static entry => $"{entry.Digest} ({entry.Platform ?? entry.ArtifactType ?? "no platform"})"));
        throw new UnsupportedModelException(usable.Length == 0
            ? $"{name.ToShortString()} is no model: its list of manifests names none that can be read"
            : $"{name.ToShortString()} has several forms; pull one of them by its digest, as {name.ToShortString()}@DIGEST: {shown}");
    }
}
