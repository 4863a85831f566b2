using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Pulling;

/// <summary>Which names of models can be pulled.</summary>
internal static class PullableName
{
    private const string NotYet = "is one of Hugging Face, whose models cannot be pulled yet; download the file and put it into the models folder";

    /// <summary>Reads a name.</summary>
    /// <param name="text">As a person writes it.</param>
    /// <param name="name">The name with all defaults.</param>
    /// <param name="problem">A clause that follows the shown text; null if the name can be pulled.</param>
    public static bool TryParse(string? text, out ArtifactName? name, out string? problem)
    {
        if (!ArtifactNameParser.TryParse(text, out name, out problem))
            return false;
        problem = name!.IsOnHuggingFace ? NotYet : null;
        return problem is null;
    }
}
