using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>Finds the models that a person probably meant.</summary>
internal static class ModelSuggestion
{
    /// <summary>The most models that are named.</summary>
    public const int MaxCount = 3;

    /// <summary>The models with the nearest names, the nearest one first.</summary>
    /// <param name="written">The name as a client wrote it.</param>
    /// <param name="names">Names of models; those that are no references are left out.</param>
    public static IReadOnlyList<string> FindAll(string written, IEnumerable<string> names)
    {
        if (!ModelReference.TryParseWritten(written, out ModelReference wanted, out _))
            return [];
        var left = new List<ModelReference>();
        foreach (string name in names)
            if (ModelReference.TryParseWritten(name, out ModelReference reference, out _))
                left.Add(reference);
        var found = new List<string>();
        while (found.Count < MaxCount && Find(wanted, left) is { } closest)
        {
            found.Add(closest);
            left.RemoveAll(model => model.ToString() == closest);
        }

        return found;
    }

    /// <summary>
    /// The model with the nearest name; null if none is near enough. Names are compared without their tags: <c>:latest</c> at the end of
    /// both would make any two short names similar.
    /// </summary>
    public static string? Find(ModelReference wanted, IEnumerable<ModelReference> models)
    {
        // A tag keeps its case, so only the tag may be wrong.
        ModelReference[] all = [.. models];
        foreach (ModelReference model in all)
            if (model.Tag.Equals(wanted.Tag, StringComparison.OrdinalIgnoreCase) && LastPart(model.Name) == LastPart(wanted.Name))
                return model.ToString();

        var references = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (ModelReference model in all)
        {
            references.TryAdd(model.Name, model.ToString());
            references.TryAdd(LastPart(model.Name), model.ToString());
        }

        // The name may be right and the tag wrong; other tools write llama3.2:3b for the file llama3.2-3b.gguf.
        string[] words = wanted.HasWrittenTag ? [wanted.Name, $"{wanted.Name}-{wanted.Tag.ToLowerInvariant()}"] : [wanted.Name];
        foreach (string word in words)
            if (references.TryGetValue(word, out string? exact) || references.TryGetValue(LastPart(word), out exact))
                return exact;

        return Spelling.Closest(wanted.Name, references.Keys, MaxDistance(wanted.Name)) is { } closest ? references[closest] : null;
    }

    // Two swapped letters count as two.
    private static int MaxDistance(string name) => name.Length < 5 ? 1 : Math.Max(2, name.Length / 5);

    private static string LastPart(string name) => name[(name.LastIndexOf('/') + 1)..];
}
