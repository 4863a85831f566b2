using System.Text.RegularExpressions;

namespace ModelRunner.Repository.Tests.Rules;

/// <summary>What every document keeps to.</summary>
internal static partial class MarkdownRules
{
    /// <summary>Titles that are not exactly one, and links that lead nowhere.</summary>
    /// <param name="file">The document.</param>
    /// <param name="exists">Whether a path from the root is there.</param>
    public static IEnumerable<string> Check(RepositoryFile file, Func<string, bool> exists)
    {
        string[] prose = [.. WithoutCode(file.Lines)];
        int titles = prose.Count(static line => line.StartsWith("# ", StringComparison.Ordinal));
        if (titles != 1 || !prose[0].StartsWith("# ", StringComparison.Ordinal))
            yield return $"{file.Path}: it has {titles} titles and should begin with its only one";

        string folder = Path.GetDirectoryName(file.Path) ?? "";
        foreach (Match link in prose.SelectMany(static line => Link().Matches(line)))
        {
            string target = link.Groups["target"].Value.Split('#')[0];
            if (target.Length == 0 || target.Contains(':', StringComparison.Ordinal))
                continue;
            string path = Path.GetRelativePath("/", Path.GetFullPath(Path.Join("/", folder, target)));
            if (!exists(path))
                yield return $"{file.Path}: the link to {target} leads nowhere";
        }
    }

    /// <summary>The lines of fenced blocks in a language that are commands.</summary>
    public static IReadOnlyList<string> Commands(RepositoryFile file)
    {
        var commands = new List<string>();
        bool isShell = false;
        foreach (string line in file.Lines)
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                isShell = line == "```sh";
            else if (isShell && !line.StartsWith(' ') && line.Length > 0)
                commands.Add(line);
        }

        return commands;
    }

    private static IEnumerable<string> WithoutCode(IEnumerable<string> lines)
    {
        bool isCode = false;
        foreach (string line in lines)
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                isCode = !isCode;
            else if (!isCode)
                yield return InlineCode().Replace(line, "");
        }
    }

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Link();

    [GeneratedRegex("`[^`]*`", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex InlineCode();
}
