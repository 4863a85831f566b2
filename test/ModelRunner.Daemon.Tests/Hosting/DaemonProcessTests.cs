using System.Globalization;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The processes that runners start, and the private folder of the daemon.</summary>
public sealed class DaemonProcessTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}]}""";
    private const string Embed = """{"model":"tiny-embed","input":"one two"}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ENGINE \"$@\"")]
    [InlineData("setsid ENGINE \"$@\"")]
    [InlineData("setsid ENGINE \"$@\" & wait")]
    public async Task Unload_ends_the_engine_of_a_wrapper_script(string script)
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture daemon = await StartAsync(folder, script);
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        int wrapper = await daemon.RunnerProcessAsync();
        int engine = Assert.Single(ProcessTable.ChildrenOf(wrapper));

        Assert.Equal(200, (await daemon.PostAsync("engines/unload", """{"all":true}""")).Status);

        Assert.False(ProcessTable.IsAlive(wrapper));
        Assert.False(ProcessTable.IsAlive(engine));
    }

    [Fact]
    public async Task After_SIGKILL_the_engine_of_a_wrapper_script_the_guardian_and_the_folder_are_gone()
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture daemon = await StartAsync(folder, "setsid ENGINE \"$@\"");
        await daemon.PostAsync("v1/chat/completions", Chat);
        await daemon.PostAsync("v1/embeddings", Embed);
        int[] engines = [.. ProcessTable.ChildrenOf(daemon.ProcessId).SelectMany(ProcessTable.ChildrenOf)];
        int guardian = await GuardianAsync(daemon);
        Assert.Equal(2, engines.Length);

        await daemon.KillAsync();

        foreach (int process in (int[])[.. engines, guardian])
            await ProcessTable.WaitUntilGoneAsync(process, DaemonFixture.Patience);
        Assert.Empty(Directory.EnumerateDirectories(Path.Join(folder.Path, "run"), "model-runner-*"));
    }

    [Fact]
    public async Task The_guardian_is_not_a_child_and_ends_with_its_daemon()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        int guardian = await GuardianAsync(daemon);

        Assert.Equal([await daemon.RunnerProcessAsync()], ProcessTable.ChildrenOf(daemon.ProcessId));
        Assert.Equal(0, await daemon.EndAsync());

        await ProcessTable.WaitUntilGoneAsync(guardian, DaemonFixture.Patience);
    }

    [Fact]
    public async Task An_orphan_of_a_runner_becomes_a_child_of_the_daemon_and_is_collected_when_it_ends()
    {
        using var folder = new TemporaryFolder();
        string numbers = Path.Join(folder.Path, "numbers");
        await using DaemonFixture daemon = await StartAsync(folder, $"(sleep 600 & echo $! >> {numbers})\nexec ENGINE \"$@\"");
        await daemon.PostAsync("v1/chat/completions", Chat);
        await GuardianAsync(daemon);

        // From the second runner on, the guardian runs and orphans become children of the daemon.
        await daemon.PostAsync("v1/embeddings", Embed);
        int orphan = int.Parse(File.ReadAllLines(numbers)[1], CultureInfo.InvariantCulture);
        Assert.Contains(orphan, ProcessTable.ChildrenOf(daemon.ProcessId));

        await DaemonFixture.SignalAsync(orphan, "KILL");

        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(!Directory.Exists($"/proc/{orphan}")), DaemonFixture.Patience);
    }

    [Fact]
    public async Task A_removed_private_folder_is_created_again()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        string folder = Path.GetDirectoryName(ProcessTable.SocketOf(await daemon.RunnerProcessAsync()))!;
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        Directory.Delete(folder, recursive: true);

        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);

        Assert.NotEqual(folder, Path.GetDirectoryName(ProcessTable.SocketOf(await daemon.RunnerProcessAsync())));
        await daemon.WaitForLogAsync($"The private folder {folder} was removed or changed while the daemon runs");
    }

    private static async Task<DaemonFixture> StartAsync(TemporaryFolder folder, string script)
    {
        string path = folder.WriteExecutable("engine");
        await File.WriteAllTextAsync(
            path, "#!/bin/sh\n" + script.Replace("ENGINE", StubProcess.ExecutablePath, StringComparison.Ordinal) + "\n", Cancellation);
        return await DaemonFixture.StartAsync(new DaemonSetup
        {
            Folder = folder,
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LLAMA_SERVER_PATH"] = path },
        });
    }

    /// <summary>Waits for the guardian of a daemon that has started a runner.</summary>
    private static async Task<int> GuardianAsync(DaemonFixture daemon)
    {
        int found = 0;
        await DaemonFixture.WaitUntilAsync(
            () => Task.FromResult((found = ProcessTable.FindByArguments("guard-runners", "watch", $"-{daemon.ProcessId}-")) != 0), DaemonFixture.Patience);
        return found;
    }
}
