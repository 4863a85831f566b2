using System.Text.RegularExpressions;

namespace ModelRunner.Store.Foreign;

/// <summary>Gives the files of one repository tags: their quantization, as llama.cpp does, or their file name where several have the same one.</summary>
internal static partial class QuantizationTag
{
    private const string None = "latest";
    private const string Extension = ".gguf";

    /// <summary>The tag of a file by its name, without the numbers of a shard: <c>Q4_K_M</c> for <c>Otter-7B-Q4_K_M.gguf</c>.</summary>
    public static string Of(string fileName) =>
        Pattern().Match(Stem(fileName).ToUpperInvariant()) is { Success: true } match ? match.Groups["tag"].Value : None;

    /// <summary>The tag that is the name of a file.</summary>
    public static string NameOf(string fileName) => Unsafe().Replace(Stem(fileName), "-");

    /// <summary>A tag that no other file of the repository has: the quantization, else the name, else that with a number.</summary>
    /// <param name="fileName">The name of the file, without the numbers of a shard.</param>
    /// <param name="taken">The tags of the files before it. Its own is added.</param>
    public static string Choose(string fileName, HashSet<string> taken)
    {
        string tag = Of(fileName);
        if (taken.Add(tag))
            return tag;

        string stem = NameOf(fileName);
        string candidate = stem;
        for (int number = 2; !taken.Add(candidate); number++)
            candidate = $"{stem}-{number}";
        return candidate;
    }

    private static string Stem(string fileName) =>
        fileName.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? fileName[..^Extension.Length] : fileName;

    [GeneratedRegex("[-.](?<tag>[A-Z0-9_]+)$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Pattern();

    [GeneratedRegex("[^A-Za-z0-9._-]", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Unsafe();
}
