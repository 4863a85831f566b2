namespace ModelRunner.Repository.Tests.Rules;

/// <summary>The rules find what they are there to find, and nothing else.</summary>
public sealed class RuleTests
{
    private static RepositoryFile File(string path, string text) => new(path, text);

    [Theory]
    [InlineData("Models", "using ModelRunner.Daemon.Runners;", true)]
    [InlineData("Models", "using ModelRunner.Daemon.Configuration;", false)]
    [InlineData("Models", "using ModelRunner.Daemon.Models.Parts;", false)]
    [InlineData("Runners", "using ModelRunner.Daemon.Scraping;", true)]
    [InlineData("Runners", "using static ModelRunner.Daemon.Api.Things;", true)]
    [InlineData("Runners", "using Alias = ModelRunner.Daemon.Api.Thing;", true)]
    [InlineData("Runners/Processes", "using ModelRunner.Daemon.Api;", true)]
    [InlineData("Runners", "class C { ModelRunner.Daemon.Api.Thing? T; }", true)]
    [InlineData("Runners", "class C { Api.Thing? T; }", true)]
    [InlineData("Runners", "class C { int F(S s) => s.Api.Length; }", false)]
    [InlineData("Diagnostics", "using ModelRunner.Scheduling;", false)]
    [InlineData("Common", "", true)]
    public void A_look_upwards_is_found(string folder, string text, bool isFound) =>
        Assert.Equal(isFound, FolderDirection.Check(File($"src/ModelRunner.Daemon/{folder}/C.cs", text)).Any());

    [Fact]
    public void The_order_of_folders_is_read_from_lines_with_arrows()
    {
        IReadOnlyDictionary<string, string[]> orders = FolderDirection.ReadOrders(File(
            "a.md", "`a` is not an order\n`Program` and `Top` → `Middle` → `Low`\n\nIn `ModelRunner.Linux` the order is `One` → `Two`.\n"));

        Assert.Equal(["Top", "Middle", "Low"], orders["ModelRunner.Daemon"]);
        Assert.Equal(["One", "Two"], orders["ModelRunner.Linux"]);
        Assert.Equal(2, orders.Count);
    }

    [Theory]
    [InlineData("src/ModelRunner.Daemon/Program.cs")]
    [InlineData("test/ModelRunner.Daemon.Tests/Models/C.cs")]
    public void Program_and_tests_may_use_everything(string path) =>
        Assert.Empty(FolderDirection.Check(File(path, "using ModelRunner.Daemon.Hosting;")));

    [Theory]
    [InlineData("src/ModelRunner.Daemon/C.cs", "unsafe class C { }", true)]
    [InlineData("src/ModelRunner.Daemon/C.cs", "// unsafe\nclass C { bool IsUnsafe; }", false)]
    [InlineData("src/ModelRunner.Client/C.cs", "class C { [LibraryImport(\"libc\")] static partial int F(); }", true)]
    [InlineData("src/ModelRunner.LlamaHost/Loading/C.cs", "class C { unsafe void F() { } }", true)]
    [InlineData("src/ModelRunner.LlamaHost/Native/C.cs", "class C { [DllImport(\"libllama\")] unsafe static extern int F(); }", false)]
    [InlineData("src/ModelRunner.LlamaHost/Native/C.cs", "class C { [DllImport(\"libc\")] static extern int F(); }", true)]
    [InlineData("src/ModelRunner.Linux/C.cs", "unsafe class C { [LibraryImport(\"libc\")] static partial int F(); }", false)]
    [InlineData("test/ModelRunner.Daemon.Tests/C.cs", "unsafe class C { }", false)]
    public void Native_code_in_a_wrong_project_is_found(string path, string text, bool isFound) =>
        Assert.Equal(isFound, NativeCode.Check(File(path, text)).Any());

    [Theory]
    [InlineData(70, false)]
    [InlineData(71, true)]
    public void A_method_is_measured_from_its_signature_to_its_brace(int lines, bool isFound)
    {
        string body = string.Concat(Enumerable.Repeat("        F();\n", lines - 3));
        RepositoryFile file = File("C.cs", $"class C\n{{\n    /// <summary>\n    /// Long.\n    /// </summary>\n    void M()\n    {{\n{body}    }}\n}}\n");

        Assert.Equal(isFound ? ["C.M"] : [], SourceShape.LongMethods(file));
    }

    [Theory]
    [InlineData(400, false)]
    [InlineData(401, true)]
    public void A_file_is_measured_in_lines(int lines, bool isFound) =>
        Assert.Equal(isFound, SourceShape.IsLong(File("C.cs", string.Concat(Enumerable.Repeat("\n", lines - 1)) + "x\n")));

    [Theory]
    [InlineData("Task FAsync();", false)]
    [InlineData("async Task F() { }", true)]
    [InlineData("Task<int> F();", true)]
    [InlineData("System.Threading.Tasks.ValueTask<int?> FAsync();", false)]
    [InlineData("System.Threading.Tasks.ValueTask<int?> F();", true)]
    [InlineData("Task? F();", true)]
    [InlineData("global::System.Threading.Tasks.Task? F();", true)]
    [InlineData("ValueTask F();", true)]
    [InlineData("TaskList F();", false)]
    [InlineData("void F() { }", false)]
    public void A_method_that_returns_a_task_without_its_suffix_is_found(string method, bool isFound) =>
        Assert.Equal(isFound ? ["C.F"] : [], SourceShape.UnmarkedTasks(File("C.cs", $"class C {{ {method} }}")));

    [Fact]
    public void Types_are_counted_where_they_stand_alone() => Assert.Equal(
        ["C", "E", "D"], SourceShape.TopLevelTypes(File("C.cs", "namespace N; class C { class Inner; } enum E { A } delegate void D();")));

    [Fact]
    public void The_median_is_the_middle_one() => Assert.Equal(
        2, SourceShape.Median([File("a", "1\n2\n3\n4\n5"), File("b", "1\n2\n"), File("c", "1")]));

    [Fact]
    public void A_wide_line_is_told_by_its_number() =>
        Assert.Equal([2], SourceShape.WideLines(File("C.cs", new string('x', 160) + "\n" + new string('x', 161) + "\n")));

    [Theory]
    [InlineData("// TO" + "DO: later", true)]
    [InlineData("int mastoDO" + "nt;", false)]
    [InlineData("see /checkout/plan.md", true)]
    [InlineData("cd '/checkout'", true)]
    [InlineData("a/checkout/b", false)]
    [InlineData("/checkouts", false)]
    public void Leftovers_are_found(string line, bool isFound) =>
        Assert.Equal(isFound, Leftovers.Check(File("a.md", line), "/checkout").Any());

    [Theory]
    [InlineData("/checkout/main", "/checkout")]
    [InlineData("/home/ada/model-runner", "/home/ada/model-runner")]
    public void Only_a_folder_that_others_lack_is_a_path_of_one_machine(string root, string home) => Assert.Equal(home, Leftovers.HomeOf(root));

    [Theory]
    [InlineData("# One\n\nText [a](a.md) and [web](https://example.org) and [below](#one).", 0)]
    [InlineData("Text\n# One", 1)]
    [InlineData("# One\n# Two", 1)]
    [InlineData("# One\n```sh\n# a comment\n```", 0)]
    [InlineData("# One\n[b](b.md)", 1)]
    [InlineData("# One\n[a](../docs/a.md#part)", 0)]
    [InlineData("# One\n`[b](b.md)`", 0)]
    public void Documents_are_judged(string text, int problems) =>
        Assert.Equal(problems, MarkdownRules.Check(File("docs/x.md", text), static path => path == "docs/a.md").Count());

    [Fact]
    public void Commands_are_the_first_lines_in_shell_blocks() => Assert.Equal(
        ["one", "two \\"], MarkdownRules.Commands(File("a.md", "# A\n```sh\none\ntwo \\\n  more\n```\nno\n```\nno\n```")));

    [Fact]
    public void A_reference_for_the_order_of_builds_is_none()
    {
        var project = new ProjectFile(File("a.csproj", """
            <Project><ItemGroup>
              <ProjectReference Include="../B/B.csproj" /><ProjectReference Include="../C/C.csproj" ReferenceOutputAssembly="false" />
              <PackageReference Include="P" /><PackageReference Include="Analyzer" PrivateAssets="all" />
            </ItemGroup></Project>
            """));

        Assert.Equal(["B"], project.Projects);
        Assert.Equal(["P"], project.Packages);
    }
}
