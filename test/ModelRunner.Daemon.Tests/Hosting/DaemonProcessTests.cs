using ModelRunner.Daemon.Tests.Support;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>What a daemon does about its private folder.</summary>
public sealed class DaemonProcessTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}]}""";

    [Fact]
    public async Task A_private_folder_that_somebody_removed_is_made_anew()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        string folder = Path.GetDirectoryName(SocketOf(await daemon.RunnerProcessAsync()))!;
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        Directory.Delete(folder, recursive: true);

        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);

        Assert.NotEqual(folder, Path.GetDirectoryName(SocketOf(await daemon.RunnerProcessAsync())));
        Assert.Contains($"The private folder {folder} was removed while the daemon runs", daemon.Log, StringComparison.Ordinal);
    }

    private static string SocketOf(int runner)
    {
        string[] arguments = ProcessTable.ArgumentsOf(runner);
        return arguments[Array.IndexOf(arguments, "--host") + 1];
    }
}
