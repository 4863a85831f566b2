using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ModelRunner.Repository.Tests.Rules;

/// <summary>Inside a project, a folder uses only folders that stand below it.</summary>
internal static partial class FolderDirection
{
    private const string Daemon = "ModelRunner.Daemon";

    /// <summary>
    /// The folders of each project from the top down, as the page on the architecture gives them. A file in no folder may use everything.
    /// </summary>
    public static IReadOnlyDictionary<string, string[]> Orders { get; } = ReadOrders(RepositoryTree.Get("ARCHITECTURE.md"));

    /// <summary>The folders of the daemon from the top down.</summary>
    public static IReadOnlyList<string> Order => Orders[Daemon];

    /// <summary>
    /// Reads the lines with arrows between folders: <c>In `Project` the order is `A` → `B`</c>. A line that names no project is about the
    /// daemon. Of several names before the first arrow the last one is a folder.
    /// </summary>
    public static IReadOnlyDictionary<string, string[]> ReadOrders(RepositoryFile page) => page.Lines
        .Where(static line => line.Contains("` → `", StringComparison.Ordinal))
        .ToDictionary(
            static line => NamePattern().Matches(line).Select(NameOf).FirstOrDefault(static name => name.StartsWith("ModelRunner.", StringComparison.Ordinal)) ?? Daemon,
            static line => line.Split('→').Select(static part => NamePattern().Matches(part).Select(NameOf).Last()).ToArray(),
            StringComparer.Ordinal);

    /// <summary>What a file uses that stands above its folder.</summary>
    public static IEnumerable<string> Check(RepositoryFile file)
    {
        string[] parts = file.Path.Split('/');
        if (parts.Length < 4 || parts[0] != "src" || !Orders.TryGetValue(parts[1], out string[]? order))
            return [];
        int own = Array.IndexOf(order, parts[2]);
        return own < 0 ? [$"{file.Path}: the folder {parts[2]} has no place in the order"] : Uses(file.Text, parts[1] + ".")
            .Where(used => Array.IndexOf(order, used) is >= 0 and var rank && rank < own)
            .Select(used => $"{file.Path}: {parts[2]} looks up to {used}");
    }

    private static string NameOf(Match match) => match.Groups["name"].Value;

    [GeneratedRegex("`(?<name>[A-Za-z.]+)`", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex NamePattern();

    private static IEnumerable<string> Uses(string text, string prefix)
    {
        IEnumerable<SyntaxNode> nodes = CSharpSyntaxTree.ParseText(text).GetRoot().DescendantNodes();
        return nodes.OfType<UsingDirectiveSyntax>().Select(static directive => directive.NamespaceOrType.ToString())
            .Concat(nodes.OfType<QualifiedNameSyntax>().Select(static name => name.ToString()))
            .Select(name => name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name)
            .Select(static name => name.Split('.')[0])
            .Distinct(StringComparer.Ordinal);
    }
}
