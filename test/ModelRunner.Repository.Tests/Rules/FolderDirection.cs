using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ModelRunner.Repository.Tests.Rules;

/// <summary>Inside the daemon, a folder uses only folders that stand below it.</summary>
internal static class FolderDirection
{
    private const string Prefix = "src/ModelRunner.Daemon/";
    private const string Namespace = "ModelRunner.Daemon.";

    /// <summary>From the top down. Program.cs, which is in no folder, may use everything.</summary>
    public static IReadOnlyList<string> Order { get; } =
        ["Hosting", "Cli", "Discovery", "Api", "Forwarding", "Metrics", "Scraping", "Runners", "Models", "Configuration", "Diagnostics"];

    /// <summary>What a file of the daemon uses that stands above its folder.</summary>
    public static IEnumerable<string> Check(RepositoryFile file)
    {
        string[] parts = file.Path.StartsWith(Prefix, StringComparison.Ordinal) ? file.Path[Prefix.Length..].Split('/') : [];
        if (parts.Length < 2)
            return [];
        int own = Rank(parts[0]);
        return own < 0 ? [$"{file.Path}: the folder {parts[0]} has no place in the order"] : Uses(file.Text)
            .Where(used => Rank(used) is >= 0 and var rank && rank < own)
            .Select(used => $"{file.Path}: {parts[0]} looks up to {used}");
    }

    private static int Rank(string folder) => Order.ToList().IndexOf(folder);

    private static IEnumerable<string> Uses(string text)
    {
        IEnumerable<SyntaxNode> nodes = CSharpSyntaxTree.ParseText(text).GetRoot().DescendantNodes();
        return nodes.OfType<UsingDirectiveSyntax>().Select(static directive => directive.NamespaceOrType.ToString())
            .Concat(nodes.OfType<QualifiedNameSyntax>().Select(static name => name.ToString()))
            .Select(static name => name.StartsWith(Namespace, StringComparison.Ordinal) ? name[Namespace.Length..] : name)
            .Select(static name => name.Split('.')[0])
            .Distinct(StringComparer.Ordinal);
    }
}
