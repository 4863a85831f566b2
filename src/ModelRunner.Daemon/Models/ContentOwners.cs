namespace ModelRunner.Daemon.Models;

/// <summary>
/// Finds the model that has the same weights, settings and image projector as another one. Two projectors are the same only
/// if their inode or their digest is the same. A model with another projector would understand pictures in another way. Used by one thread.
/// </summary>
internal sealed class ContentOwners
{
    private readonly Dictionary<string, List<string>> _byKey = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<ContentFile?>> _projectors = new(StringComparer.Ordinal);

    /// <summary>The name of the model that is the same; null: there is none.</summary>
    public string? Find(ModelContent content) => content.Keys
        .SelectMany(key => _byKey.GetValueOrDefault(key) ?? [])
        .FirstOrDefault(owner => _projectors[owner].Exists(projector => ContentFile.AreSame(projector, content.Projector)));

    /// <summary>Notes what a model has. One model may be added several times, with what its other names tell about it.</summary>
    public void Add(ModelContent content, string owner)
    {
        foreach (string key in content.Keys)
        {
            if (!_byKey.TryGetValue(key, out List<string>? owners))
                _byKey.Add(key, owners = []);
            if (!owners.Contains(owner, StringComparer.Ordinal))
                owners.Add(owner);
        }

        if (!_projectors.TryGetValue(owner, out List<ContentFile?>? projectors))
            _projectors.Add(owner, projectors = []);
        if (!projectors.Contains(content.Projector))
            projectors.Add(content.Projector);
    }
}
