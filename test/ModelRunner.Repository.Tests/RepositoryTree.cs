using System.Diagnostics;

namespace ModelRunner.Repository.Tests;

/// <summary>The files that git knows or would add.</summary>
internal static class RepositoryTree
{
    private static readonly string[] TextEndings =
        [".cs", ".md", ".csproj", ".props", ".targets", ".slnx", ".json", ".sh", ".py", ".editorconfig", ".gitignore", "/run"];

    public static string Root { get; } = FindRoot();

    /// <summary>All paths from the root.</summary>
    public static IReadOnlyList<string> Paths { get; } = ListPaths();

    /// <summary>Files that people write, without collected data.</summary>
    public static IReadOnlyList<RepositoryFile> Texts { get; } = [.. Paths
        .Where(static path => TextEndings.Any(ending => path.EndsWith(ending, StringComparison.Ordinal)))
        .Where(static path => !path.Contains("conformance/", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".cs", StringComparison.Ordinal))
        .Select(static path => new RepositoryFile(path, File.ReadAllText(Path.Join(Root, path))))];

    public static IReadOnlyList<RepositoryFile> Sources { get; } = [.. Texts.Where(static file => file.Path.EndsWith(".cs", StringComparison.Ordinal))];

    public static IReadOnlyList<RepositoryFile> Documents { get; } = [.. Texts.Where(static file => file.Path.EndsWith(".md", StringComparison.Ordinal))];

    public static RepositoryFile Get(string path) => Texts.Single(file => file.Path == path);

    public static bool Exists(string path) => File.Exists(Path.Join(Root, path)) || Directory.Exists(Path.Join(Root, path));

    private static string FindRoot()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Join(folder, "model-runner.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside the repository.");
        return folder;
    }

    private static string[] ListPaths()
    {
        string[] arguments = ["-c", $"safe.directory={Root}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        var start = new ProcessStartInfo("git", arguments) { WorkingDirectory = Root, RedirectStandardOutput = true, UseShellExecute = false };
        using Process git = Process.Start(start)!;
        string output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        return [.. output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(static path => File.Exists(Path.Join(Root, path)))];
    }
}
