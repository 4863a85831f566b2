using System.Text.RegularExpressions;
using ModelRunner.Repository.Tests.Rules;

namespace ModelRunner.Repository.Tests;

/// <summary>Documents that say what is true.</summary>
public sealed class DocumentTests
{
    private const string Serve = "dotnet run -c Release --project src/ModelRunner.Daemon -- serve --demo";
    private const string Test = "eng/test.sh";
    private const string Client = "./model-runner ";

    [Fact]
    public void Every_document_has_one_title_and_its_links_lead_somewhere() =>
        Assert.Empty(RepositoryTree.Documents.SelectMany(static file => MarkdownRules.Check(file, RepositoryTree.Exists)));

    [Fact]
    public void The_commands_of_README_are_there()
    {
        string[] commands = [.. MarkdownRules.Commands(RepositoryTree.Get("README.md")).Where(static line => !line.StartsWith("curl ", StringComparison.Ordinal))];
        string[] clients = [.. commands.Where(static line => line.StartsWith(Client, StringComparison.Ordinal))];

        Assert.Equal([Serve, Test], commands.Except(clients, StringComparer.Ordinal));
        Assert.NotEmpty(clients);
        Assert.All(clients, static line => Assert.Contains(line.Split(' ')[1], (string[])["run", "ps", "metrics"]));
        Assert.Contains("/bin/Release/net10.0/model-runner", RepositoryTree.Get("README.md").Text, StringComparison.Ordinal);
        Assert.Contains("/bin/Release/net10.0/model-runner\n", File.ReadAllText(Path.Join(RepositoryTree.Root, "model-runner")), StringComparison.Ordinal);
        Assert.True(File.GetUnixFileMode(Path.Join(RepositoryTree.Root, "model-runner")).HasFlag(UnixFileMode.UserExecute));
        Assert.True(RepositoryTree.Exists("src/ModelRunner.Daemon/ModelRunner.Daemon.csproj"));
        Assert.Contains("\"--demo\"", RepositoryTree.Get("src/ModelRunner.Configuration/ConfigurationCatalog.cs").Text, StringComparison.Ordinal);
        Assert.True(File.GetUnixFileMode(Path.Join(RepositoryTree.Root, Test)).HasFlag(UnixFileMode.UserExecute));
    }

    [Fact]
    public void The_routes_that_README_asks_are_served()
    {
        string served = RepositoryTree.Get("src/ModelRunner.Daemon/Inference/InferenceRoute.cs").Text
            + RepositoryTree.Get("src/ModelRunner.Daemon/Api/MetricsEndpoint.cs").Text;
        string[] routes = [.. MarkdownRules.Commands(RepositoryTree.Get("README.md"))
            .Where(static line => line.StartsWith("curl ", StringComparison.Ordinal))
            .Select(static line => line[(line.IndexOf("http://localhost", StringComparison.Ordinal) + "http://localhost".Length)..].Split(' ')[0])];

        Assert.NotEmpty(routes);
        Assert.All(routes, route => Assert.Contains($"\"{route}\"", served, StringComparison.Ordinal));
    }

    [Fact]
    public void CI_runs_the_command_of_README_with_CI_set_and_nothing_else()
    {
        string[] commands = [.. RepositoryTree.Get(".ci/run").Lines.Where(static line => line.Length > 0 && line[0] != '#')];

        Assert.Equal(["CI=true exec bash eng/test.sh"], commands);
    }

    [Fact]
    public void The_architecture_names_every_folder_of_the_daemon_in_order()
    {
        string[] rows = [.. RepositoryTree.Get("ARCHITECTURE.md").Lines
            .SkipWhile(static line => !line.StartsWith("| Folder |", StringComparison.Ordinal))
            .TakeWhile(static line => line.StartsWith('|')).Skip(2).Select(static line => line.Split('`')[1])];
        string[] folders = [.. Directory.EnumerateDirectories(Path.Join(RepositoryTree.Root, "src/ModelRunner.Daemon"))
            .Select(static folder => Path.GetFileName(folder)!).Where(static folder => folder is not ("bin" or "obj" or "Properties"))];

        Assert.Equal(FolderDirection.Order.Order(StringComparer.Ordinal), folders.Order(StringComparer.Ordinal));
        Assert.Equal(FolderDirection.Order, rows);
    }

    [Fact]
    public void Every_decision_is_listed()
    {
        string list = RepositoryTree.Get("docs/decisions/README.md").Text;

        Assert.All(
            RepositoryTree.Documents.Where(static file => file.Path.StartsWith("docs/decisions/0", StringComparison.Ordinal)),
            file => Assert.Contains($"[{file.Lines[0][2..]}]({Path.GetFileName(file.Path)})", list, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_case_in_the_name_of_a_test_is_told()
    {
        const string Name = "\\b([A-Z]{3}_[0-9]{2})_";
        string[] cases = [.. Written("test/", Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        string[] told = [.. Regex.Matches(
            RepositoryTree.Get("docs/cases.md").Text, "(?m)^\\| `(?<case>[A-Z]{3}_[0-9]{2})` ", RegexOptions.None, TimeSpan.FromSeconds(5))
            .Select(static match => match.Groups["case"].Value)];

        Assert.NotEmpty(cases);
        Assert.Equal(cases, told);
    }

    private static IEnumerable<string> Written(string path, string pattern) => RepositoryTree.Sources
        .Where(file => file.Path.StartsWith(path, StringComparison.Ordinal))
        .SelectMany(file => Regex.Matches(file.Text, pattern, RegexOptions.None, TimeSpan.FromSeconds(5)))
        .Select(static match => match.Groups[1].Value);

    [Fact]
    public void The_packages_of_every_project_are_locked_and_no_lock_file_names_a_server()
    {
        string[] locks = [.. RepositoryTree.Paths.Where(static path => path.EndsWith(".lock.json", StringComparison.Ordinal))];

        Assert.All(
            RepositoryTree.Paths.Where(static path => path.EndsWith(".csproj", StringComparison.Ordinal)),
            path => Assert.Contains($"{Path.GetDirectoryName(path)}/packages.lock.json", locks));
        Assert.Contains("src/ModelRunner.Daemon/packages.publish.lock.json", locks);
        Assert.All(locks, static path => Assert.DoesNotContain("://", RepositoryTree.Get(path).Text, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        string solution = RepositoryTree.Get("model-runner.slnx").Text;

        Assert.All(
            RepositoryTree.Paths.Where(static path => path.EndsWith(".csproj", StringComparison.Ordinal)),
            path => Assert.Contains($"Path=\"{path}\"", solution, StringComparison.Ordinal));
    }
}
