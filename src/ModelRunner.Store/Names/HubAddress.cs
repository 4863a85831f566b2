using System.Text.RegularExpressions;

namespace ModelRunner.Store.Names;

/// <summary>Reads the addresses of Hugging Face that a browser shows, for a repository or for one of its files.</summary>
internal static partial class HubAddress
{
    private const int MaxPath = 1024;
    private const int MaxRevision = 255;
    private const string Help = "write https://huggingface.co/ORG/REPO/blob/main/FILE.gguf for one file, or hf.co/ORG/REPO:QUANT for a quantization";
    private const RegexOptions Safe = RegexOptions.CultureInvariant | RegexOptions.NonBacktracking;

    private static readonly string[] Schemes = ["https://", "http://"];

    private static readonly string[] Hosts = [ArtifactName.HuggingFace, "www.huggingface.co", "hf.co"];

    /// <summary>Whether a host, in lower case, is one of Hugging Face.</summary>
    public static bool IsHost(string host) => Hosts.Contains(host, StringComparer.Ordinal);

    /// <summary>Reads an address.</summary>
    /// <param name="text">As a person writes it.</param>
    /// <param name="name">The name of the repository, with a tag if one was written.</param>
    /// <param name="file">The file that the address names; null: it names none.</param>
    /// <param name="problem">Why it cannot be used, a clause that follows the shown text.</param>
    /// <returns>False: it is no such address, but perhaps a name.</returns>
    public static bool TryRead(string text, out string name, out HubFile? file, out string? problem)
    {
        (name, file, problem) = (text, null, null);
        string scheme = Schemes.FirstOrDefault(scheme => text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) ?? "";
        string address = text[scheme.Length..];
        string[] parts = address.Split(['?', '#'], 2)[0].TrimEnd('/').Split('/');
        if (!IsHost(parts[0].ToLowerInvariant()) || (scheme.Length == 0 && parts.Length < 4))
            return false;
        if (parts.Length < 3)
        {
            problem = $"names no repository of Hugging Face; {Help}";
            return true;
        }

        name = $"{ArtifactName.HuggingFace}/{parts[1]}/{parts[2]}";
        if (parts.Length == 3 || parts is [_, _, _, "tree", "main"])
            return true;
        if (parts.Length < 6 || parts[3] is not ("blob" or "resolve" or "raw"))
            problem = $"is no address of a file on Hugging Face; {Help}";
        else
            file = ReadFile(parts[4], parts[5..], out problem);
        return true;
    }

    private static HubFile? ReadFile(string revision, string[] path, out string? problem)
    {
        var file = new HubFile(Uri.UnescapeDataString(revision), string.Join('/', path.Select(Uri.UnescapeDataString)));
        if (file.Revision.Length > MaxRevision || !RevisionPattern().IsMatch(file.Revision) || file.Revision.Contains("..", StringComparison.Ordinal))
            problem = "has no valid revision; write a branch, a tag or a commit, for example main";
        else if (!IsSafe(file.Path))
            problem = $"has no valid path of a file; {Help}";
        else if (!file.Path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            problem = "is no GGUF file; llama.cpp loads GGUF files only";
        else
            problem = null;
        return problem is null ? file : null;
    }

    /// <summary>Whether a path of a repository can be shown and asked for.</summary>
    public static bool IsSafe(string path) => path.Length is > 0 and <= MaxPath && !path.Any(static letter => char.IsControl(letter) || letter == '\\')
        && path.Split('/').All(static part => part is not ("" or "." or ".."));

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._/-]*\z", Safe)]
    private static partial Regex RevisionPattern();
}
