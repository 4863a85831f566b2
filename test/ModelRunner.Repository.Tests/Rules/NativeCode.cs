using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ModelRunner.Repository.Tests.Rules;

/// <summary>Unsafe code and imports of native functions are in the library for Linux; llama-host also has those of llama.cpp.</summary>
internal static class NativeCode
{
    private const string Linux = "src/ModelRunner.Linux/";
    private const string LlamaCpp = "src/ModelRunner.LlamaHost/Native/";

    /// <summary>The unsafe code and the imports of a file that belong elsewhere.</summary>
    public static IEnumerable<string> Check(RepositoryFile file)
    {
        if (!file.Path.StartsWith("src/", StringComparison.Ordinal) || file.Path.StartsWith(Linux, StringComparison.Ordinal))
            return [];

        SyntaxNode root = CSharpSyntaxTree.ParseText(file.Text).GetRoot();
        bool isLlamaCpp = file.Path.StartsWith(LlamaCpp, StringComparison.Ordinal);
        IEnumerable<string> found = Imports(root)
            .Select(static attribute => attribute.ArgumentList?.Arguments.FirstOrDefault()?.ToString() ?? "")
            .Where(library => !isLlamaCpp || library.Contains("libc", StringComparison.Ordinal))
            .Select(library => $"{file.Path}: an import from {library}");
        return !isLlamaCpp && root.DescendantTokens().Any(static token => token.IsKind(SyntaxKind.UnsafeKeyword))
            ? found.Append($"{file.Path}: unsafe code")
            : found;
    }

    /// <summary>The names of the native functions that a file imports.</summary>
    public static IEnumerable<string> Functions(RepositoryFile file) => Imports(CSharpSyntaxTree.ParseText(file.Text).GetRoot())
        .SelectMany(static import => import.ArgumentList?.Arguments ?? [])
        .Where(static argument => argument.NameEquals?.Name.ToString() == "EntryPoint")
        .Select(static argument => argument.Expression.ToString().Trim('"'));

    private static IEnumerable<AttributeSyntax> Imports(SyntaxNode root) => root.DescendantNodes().OfType<AttributeSyntax>()
        .Where(static attribute => attribute.Name.ToString() is "LibraryImport" or "DllImport");
}
