using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ModelRunner.Repository.Tests.Rules;

/// <summary>How large files, types and methods may be.</summary>
internal static class SourceShape
{
    public const int MaxFileLines = 400;
    public const int MaxMethodLines = 70;
    public const int MaxWidth = 160;
    public const int MedianFileLines = 90;

    /// <summary>Whether a file is longer than it should be.</summary>
    public static bool IsLong(RepositoryFile file) => file.Lines.Length > MaxFileLines;

    /// <summary>The methods, with constructors, accessors and local functions, that are longer than they should be, as <c>Type.Method</c>.</summary>
    public static IEnumerable<string> LongMethods(RepositoryFile file) => Root(file).DescendantNodes()
        .Where(static node => node is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or LocalFunctionStatementSyntax)
        .Where(static node => LinesOf(node) > MaxMethodLines)
        .Select(static node => $"{TypeOf(node)}.{NameOf(node)}");

    /// <summary>The types of a file that stand in no other type.</summary>
    public static IReadOnlyList<string> TopLevelTypes(RepositoryFile file) => [.. Root(file)
        .DescendantNodes(static node => node is CompilationUnitSyntax or BaseNamespaceDeclarationSyntax)
        .Select(static node => node switch
        {
            BaseTypeDeclarationSyntax type => type.Identifier.Text,
            DelegateDeclarationSyntax type => type.Identifier.Text,
            _ => null,
        })
        .OfType<string>()];

    /// <summary>The methods that return a task and do not end in <c>Async</c>, as <c>Type.Method</c>.</summary>
    public static IEnumerable<string> UnmarkedTasks(RepositoryFile file) => Root(file).DescendantNodes().OfType<MethodDeclarationSyntax>()
        .Where(static method => IsTask(method.ReturnType)
            && !method.Identifier.Text.EndsWith("Async", StringComparison.Ordinal))
        .Select(static method => $"{TypeOf(method)}.{method.Identifier.Text}");

    /// <summary>The numbers of lines that are too wide.</summary>
    public static IEnumerable<int> WideLines(RepositoryFile file) =>
        file.Lines.Index().Where(static line => line.Item.Length > MaxWidth).Select(static line => line.Index + 1);

    /// <summary>The middle one of the numbers of lines.</summary>
    public static int Median(IEnumerable<RepositoryFile> files)
    {
        int[] sizes = [.. files.Select(static file => file.Lines.Length).Order()];
        return sizes[sizes.Length / 2];
    }

    private static SyntaxNode Root(RepositoryFile file) => CSharpSyntaxTree.ParseText(file.Text).GetRoot();

    // The type may be nullable, and may have its namespace.
    private static bool IsTask(TypeSyntax type) => type switch
    {
        NullableTypeSyntax nullable => IsTask(nullable.ElementType),
        QualifiedNameSyntax qualified => IsTask(qualified.Right),
        SimpleNameSyntax name => name.Identifier.Text is "Task" or "ValueTask",
        _ => false,
    };

    // From the signature to the closing brace; comments and attributes before it do not count.
    private static int LinesOf(SyntaxNode node)
    {
        FileLinePositionSpan span = node.SyntaxTree.GetLineSpan(node.Span);
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    private static string TypeOf(SyntaxNode node) =>
        node.Ancestors().OfType<BaseTypeDeclarationSyntax>().FirstOrDefault()?.Identifier.Text ?? "Program";

    private static string NameOf(SyntaxNode node) => node switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        LocalFunctionStatementSyntax function => function.Identifier.Text,
        ConstructorDeclarationSyntax => ".ctor",
        AccessorDeclarationSyntax accessor => accessor.Keyword.Text,
        _ => node.Kind().ToString(),
    };
}
