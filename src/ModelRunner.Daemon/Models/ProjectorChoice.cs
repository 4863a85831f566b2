using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Decides which image projector (<c>mmproj</c>) belongs to which model of a folder. A projector belongs to the models whose names begin
/// with its own name. If no model name begins with the projector's name and the folder holds one model (in any quantizations), the projector
/// belongs to that model.
/// </summary>
internal static class ProjectorChoice
{
    private const string Mark = "mmproj";
    private const int MaxShownName = 200;

    private static readonly char[] Separators = ['-', '_', '.', ' ', ':'];

    // The second part of a quantization's name, as in Q4_K_M and Q8_0.
    private static readonly string[] QuantizationTails = ["0", "1", "k", "s", "m", "l", "xs", "xxs", "xl", "nl"];

    // The preferred one first: projectors are usually published in half precision.
    private static readonly string[] Precisions = ["f16", "bf16", "f32", "q8"];

    /// <summary>Whether a file is a projector, by its name.</summary>
    public static bool IsProjector(string name) =>
        name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && name.Contains(Mark, StringComparison.OrdinalIgnoreCase);

    /// <summary>Assigns projectors to models and reports projectors that belong to no model.</summary>
    public static List<ModelFile> Assign(
        List<ModelFile> models, IReadOnlyDictionary<string, List<string>> projectorsByFolder, string root, List<string> problems)
    {
        var assigned = new List<ModelFile>(models);
        ILookup<string, int> indexes = Enumerable.Range(0, models.Count).ToLookup(index => Path.GetDirectoryName(models[index].Path)!, StringComparer.Ordinal);
        foreach ((string folder, List<string> projectors) in projectorsByFolder)
        {
            string[] names = [.. indexes[folder].Select(index => Path.GetFileName(models[index].ShownName))];
            bool isUsed = false;
            foreach (int index in indexes[folder])
            {
                string? chosen = Choose(Path.GetFileName(models[index].ShownName), names, projectors);
                assigned[index] = models[index] with { Projector = chosen is null ? null : ModelFile.FromPath(chosen) };
                isUsed |= chosen is not null;
            }

            if (!isUsed && names.Length > 0)
            {
                string shown = PlainText.EscapeAndCut(Path.GetRelativePath(root, projectors[0]), MaxShownName);
                problems.Add($"the image projector {shown} is in a folder with several models, and its name matches none of them; "
                    + "name it after its model, or name it as mmproj of the model in model-runner.json");
            }
        }

        return assigned;
    }

    /// <summary>The projector of one model, or null.</summary>
    /// <param name="model">The model's file name.</param>
    /// <param name="all">The file names of all models in its folder.</param>
    /// <param name="projectors">The paths of the projectors in its folder.</param>
    public static string? Choose(string model, IReadOnlyCollection<string> all, IReadOnlyList<string> projectors)
    {
        string[] words = Words(model);
        string? named = projectors
            .Where(projector => Key(projector) is { Length: > 0 } key && words.AsSpan().StartsWith(key))
            .OrderByDescending(static projector => Key(projector).Length).ThenBy(Preference).FirstOrDefault();
        if (named is not null)
            return named;

        bool isAlone = all.Select(static name => string.Join('-', WithoutQuantization(Words(name)))).Distinct(StringComparer.Ordinal).Count() <= 1;
        return isAlone ? projectors.OrderBy(Preference).FirstOrDefault() : null;
    }

    private static string[] Key(string projector) =>
        WithoutQuantization([.. Words(Path.GetFileName(projector)).Where(static word => word != Mark)]);

    private static int Preference(string projector)
    {
        string[] words = Words(Path.GetFileName(projector));
        int index = Array.FindIndex(Precisions, precision => words.Contains(precision, StringComparer.Ordinal));
        return index < 0 ? Precisions.Length : index;
    }

    private static string[] Words(string name) =>
        name[..^".gguf".Length].ToLowerInvariant().Split(Separators, StringSplitOptions.RemoveEmptyEntries);

    private static string[] WithoutQuantization(string[] words)
    {
        int end = words.Length;
        while (end > 0 && QuantizationTails.Contains(words[end - 1], StringComparer.Ordinal))
            end--;
        if (end == 0 || !IsQuantization(words[end - 1]))
            return words;

        end--;
        return words[..(end > 0 && words[end - 1] == "ud" ? end - 1 : end)];
    }

    private static bool IsQuantization(string word)
    {
        if (word is "f16" or "bf16" or "f32" or "fp16" or "mxfp4")
            return true;

        ReadOnlySpan<char> rest = word.AsSpan(word.StartsWith('i') || word.StartsWith('t') ? 1 : 0);
        return rest is ['q', >= '1' and <= '9', ..] && rest.Length == 2;
    }
}
