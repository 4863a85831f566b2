using System.Globalization;
using ModelRunner.Client;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Deploy;

/// <summary>The units of <c>deploy/systemd</c> before systemd itself.</summary>
public sealed class ShippedUnitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static string Folder => Path.Join(Repository.Root, "deploy", "systemd");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("model-runner.service", "--system")]
    [InlineData("model-runner-user.service", "--user")]
    public async Task Systemd_finds_no_fault_in_a_unit(string unit, string manager)
    {
        (int exitCode, string output) = await AnalyzeAsync(manager, "verify", "--man=no", WithProgram(unit));

        Assert.True(exitCode == 0, output);
        Assert.Equal("", output.Trim());
    }

    [Theory]
    [InlineData("model-runner.service")]
    [InlineData("model-runner-user.service")]
    public void Nothing_of_a_service_writes_a_core_dump(string unit) =>
        Assert.Contains("LimitCORE=0", File.ReadAllLines(Path.Join(Folder, unit)));

    [Theory]
    [InlineData("model-runner.service")]
    [InlineData("model-runner-user.service")]
    public void A_wrong_configuration_is_not_tried_again(string unit) =>
        Assert.Contains($"RestartPreventExitStatus={ExitCode.Usage}", File.ReadAllLines(Path.Join(Folder, unit)));

    [Theory]
    [InlineData("model-runner.service")]
    [InlineData("model-runner-user.service")]
    public void A_service_may_make_control_groups_for_its_runners(string unit)
    {
        string[] lines = File.ReadAllLines(Path.Join(Folder, unit));

        Assert.Contains("Delegate=memory", lines);

        // It makes all control groups read-only, also the delegated one.
        Assert.DoesNotContain(lines, static line => line.StartsWith("ProtectControlGroups=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_system_service_has_little_that_it_could_do_harm_with()
    {
        // In tenths: 3.0.
        (int exitCode, string output) = await AnalyzeAsync(
            "--system", "security", "--offline=true", "--no-pager", "--threshold=30", WithProgram("model-runner.service"));

        Assert.True(exitCode == 0, output);
        string[] rating = output.Split('\n').Single(static line => line.Contains("Overall exposure level", StringComparison.Ordinal)).Split(": ");
        Assert.InRange(double.Parse(rating[1].Split(' ')[0], CultureInfo.InvariantCulture), 0, 3);
    }

    /// <summary>A copy of the unit with a program that exists.</summary>
    private string WithProgram(string unit)
    {
        string text = File.ReadAllText(Path.Join(Folder, unit))
            .Replace("/usr/local/bin/model-runner", "/bin/true", StringComparison.Ordinal)
            .Replace("%h/.local/bin/model-runner", "/bin/true", StringComparison.Ordinal);
        Assert.Contains("ExecStart=/bin/true serve\n", text, StringComparison.Ordinal);
        return _folder.Write(unit, text);
    }

    private async Task<(int ExitCode, string Output)> AnalyzeAsync(params string[] arguments)
    {
        (int exitCode, string output, string error) = await ChildProgram.RunAsync(
            ExternalTool.Require("env"), [$"XDG_RUNTIME_DIR={_folder.Path}", ExternalTool.Require("systemd-analyze"), .. arguments], [],
            TestContext.Current.CancellationToken);
        return (exitCode, output + error);
    }
}
