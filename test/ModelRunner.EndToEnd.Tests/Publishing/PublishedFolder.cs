using System.Diagnostics;
using ModelRunner.Testing;
using Repository = ModelRunner.Testing.Repository;
using TemporaryFolder = ModelRunner.Testing.TemporaryFolder;

namespace ModelRunner.EndToEnd.Tests.Publishing;

/// <summary>What <c>dotnet publish</c> makes, made once for all tests that use it: native code, which takes a minute or more.</summary>
public sealed class PublishedFolder : IDisposable
{
    /// <summary>A folder that was published before, to repeat a test without the minutes of publishing.</summary>
    private const string FolderVariable = "PUBLISHED_PATH";

    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<Task<string>> _published;

    public PublishedFolder() => _published = new Lazy<Task<string>>(PublishProgramAsync);

    /// <summary>The folder. Skips the test where native code cannot be linked, or fails it under CI.</summary>
    public async Task<string> RequireAsync()
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } folder)
            return folder;
        RequireCompiler();
        return await _published.Value;
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Skips the test where native code cannot be linked, or fails it under CI.</summary>
    internal static void RequireCompiler()
    {
        string[] folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')];
        if (!folders.Any(static folder => File.Exists(Path.Join(folder, "gcc")) || File.Exists(Path.Join(folder, "clang"))))
            Prerequisite.Missing("There is no C compiler (Debian: apt-get install gcc libc6-dev zlib1g-dev).");
        if (!File.Exists("/usr/include/zlib.h"))
            Prerequisite.Missing("The headers of zlib are not installed (Debian: apt-get install zlib1g-dev).");
    }

    /// <summary>Publishes a project for release, and fails the test where that warns of anything.</summary>
    internal static async Task PublishAsync(string project, string target, string workingFolder)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            ["publish", "-c", "Release", project, "-o", target, "--nologo", "-v", "quiet", "-nodeReuse:false"])
        {
            WorkingDirectory = workingFolder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        using Process publish = Process.Start(start)!;
        Task<string> output = publish.StandardOutput.ReadToEndAsync();
        Task<string> error = publish.StandardError.ReadToEndAsync();
        await publish.WaitForExitAsync();
        string text = await output + await error;
        Assert.True(publish.ExitCode == 0, text);
        Assert.DoesNotContain("warning", text, StringComparison.OrdinalIgnoreCase);
    }

    private async Task<string> PublishProgramAsync()
    {
        string target = Path.Join(_folder.Path, "model-runner");
        await PublishAsync("src/ModelRunner.Daemon", target, Repository.Root);
        return target;
    }
}
