using ModelRunner.Repository.Tests.Rules;

namespace ModelRunner.Repository.Tests;

/// <summary>Who may know whom.</summary>
public sealed class DirectionTests
{
    /// <summary>What each project of the product may reference: other projects, and packages.</summary>
    public static TheoryData<string, string[], string[]> References => new()
    {
        { "ModelRunner.Exposition", [], [] },
        { "ModelRunner.Scheduling", [], [] },
        { "ModelRunner.Telemetry", [], [] },
        { "ModelRunner.Linux", [], [] },
        { "ModelRunner.Gguf", ["ModelRunner.Linux"], [] },
        { "ModelRunner.Store", ["ModelRunner.Linux"], [] },
        { "ModelRunner.Configuration", ["ModelRunner.Linux", "ModelRunner.Scheduling"], [] },
        { "ModelRunner.Client", ["ModelRunner.Configuration", "ModelRunner.Linux"], [] },
        {
            "ModelRunner.Cli",
            [
                "ModelRunner.Client", "ModelRunner.Configuration", "ModelRunner.Exposition", "ModelRunner.Gguf", "ModelRunner.Linux", "ModelRunner.Store",
            ],
            ["Spectre.Console", "System.CommandLine"]
        },
        {
            "ModelRunner.Daemon",
            [
                "ModelRunner.Cli", "ModelRunner.Client", "ModelRunner.Configuration", "ModelRunner.Exposition", "ModelRunner.Gguf", "ModelRunner.Linux",
                "ModelRunner.Scheduling", "ModelRunner.Store", "ModelRunner.Telemetry",
            ],
            ["Microsoft.Data.Sqlite", "OpenTelemetry.Exporter.OpenTelemetryProtocol", "Yarp.ReverseProxy"]
        },
        { "ModelRunner.LlamaHost", ["ModelRunner.Gguf", "ModelRunner.Linux"], ["LLamaSharp", "LLamaSharp.Backend.Cpu"] },
    };

    [Fact]
    public void Folders_look_downwards_only() =>
        Assert.Empty(RepositoryTree.Sources.SelectMany(FolderDirection.Check));

    /// <summary>A line that was worded in another way would give a project no order, and so no check.</summary>
    [Fact]
    public void The_architecture_gives_the_order_of_these_projects_only()
    {
        string[] ordered = ["ModelRunner.Daemon", "ModelRunner.Linux", "ModelRunner.Store"];
        Assert.Equal(ordered, FolderDirection.Orders.Keys.Order(StringComparer.Ordinal));

        // One folder needs no order. In these projects the folders depend on each other in both directions, or not at all.
        string[] unordered = ["ModelRunner.Exposition", "ModelRunner.LlamaHost", "ModelRunner.Scheduling"];
        Assert.Equal(
            ordered.Concat(unordered).Order(StringComparer.Ordinal),
            RepositoryTree.Sources.Select(static file => file.Path.Split('/')).Where(static parts => parts.Length > 3 && parts[0] == "src")
                .GroupBy(static parts => parts[1], static parts => parts[2], StringComparer.Ordinal)
                .Where(static project => project.Distinct(StringComparer.Ordinal).Skip(1).Any())
                .Select(static project => project.Key).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(References))]
    public void A_project_references_what_the_architecture_allows(string project, string[] projects, string[] packages)
    {
        var file = new ProjectFile(RepositoryTree.Get($"src/{project}/{project}.csproj"));

        Assert.Equal(projects, file.Projects);
        Assert.Empty(file.Packages.Except(packages, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("ModelRunner.Client")]
    [InlineData("ModelRunner.Cli")]
    public void A_client_needs_no_web_server(string project) => Assert.DoesNotContain(RepositoryTree.Sources, file =>
        file.Path.StartsWith($"src/{project}/", StringComparison.Ordinal) && file.Text.Contains("Microsoft.AspNetCore", StringComparison.Ordinal));

    [Fact]
    public void Unsafe_code_and_imports_are_in_the_library_for_Linux_and_in_the_functions_of_llama_cpp()
    {
        Assert.Empty(RepositoryTree.Sources.SelectMany(NativeCode.Check));
        Assert.Equal(
            ["ModelRunner.Linux", "ModelRunner.LlamaHost"],
            References.Select(static row => row.Data.Item1).Order(StringComparer.Ordinal).Where(static project =>
                new ProjectFile(RepositoryTree.Get($"src/{project}/{project}.csproj")).Property("AllowUnsafeBlocks") is not null));
    }

    [Fact]
    public void The_library_for_Linux_imports_a_function_once()
    {
        string[] functions = [.. RepositoryTree.Sources
            .Where(static file => file.Path.StartsWith("src/ModelRunner.Linux/", StringComparison.Ordinal)).SelectMany(NativeCode.Functions)];

        Assert.Contains("poll", functions);
        Assert.Equal(functions.Order(StringComparer.Ordinal).Distinct(StringComparer.Ordinal), functions.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_project_of_the_product_has_a_rule() => Assert.Equal(
        References.Select(static row => row.Data.Item1).Order(StringComparer.Ordinal),
        RepositoryTree.Paths.Where(static path => path.StartsWith("src/", StringComparison.Ordinal) && path.EndsWith(".csproj", StringComparison.Ordinal))
            .Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));

    [Fact]
    public void The_stub_runner_knows_nothing_of_ours() =>
        Assert.Empty(new ProjectFile(RepositoryTree.Get("test/ModelRunner.StubRunner/ModelRunner.StubRunner.csproj")).Projects);

    [Theory]
    [InlineData("ModelRunner.Exposition")]
    [InlineData("ModelRunner.Scheduling")]
    [InlineData("ModelRunner.Telemetry")]
    public void The_compiler_holds_the_ban_list_of_the_cores(string project)
    {
        Assert.Equal("true", new ProjectFile(RepositoryTree.Get($"src/{project}/{project}.csproj")).Property("IsPureCore"));
        Assert.DoesNotContain(RepositoryTree.Sources, file =>
            file.Path.StartsWith($"src/{project}/", StringComparison.Ordinal) && file.Text.Contains("RS0030", StringComparison.Ordinal));
    }

    [Fact]
    public void The_ban_lists_are_given_to_the_compiler()
    {
        string targets = RepositoryTree.Get("Directory.Build.targets").Text;

        Assert.Contains("Condition=\"'$(IsPureCore)' == 'true'\"", targets, StringComparison.Ordinal);
        foreach (string list in (string[])["eng/BannedSymbols.txt", "eng/BannedSymbols.Core.txt"])
        {
            Assert.Contains(list, targets, StringComparison.Ordinal);
            Assert.True(RepositoryTree.Exists(list));
        }

        Assert.DoesNotContain("RS0030", RepositoryTree.Get(".editorconfig").Text, StringComparison.Ordinal);
    }
}
