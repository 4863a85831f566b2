using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The processors and the memory of runners in the real daemon.</summary>
public sealed class RunnerLimitTests : IDisposable
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"hi"}],"max_tokens":2}""";

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_runner_runs_on_the_processors_of_its_model_and_the_others_on_those_of_all()
    {
        ProcessorSet all = ProcessorAffinity.Read()!;
        (int first, int last) = (all.Processors[0], all.Processors[^1]);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Folder = _folder,
            Configuration = $$"""{ "limits": { "cpuSet": "{{first}}" }, "models": { "tiny-chat": { "cpuSet": "{{last}}" } } }""",
        });

        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        Assert.Equal($"{last}", await ProcessorsAsync(await daemon.RunnerProcessAsync()));
        Assert.Equal(all.ToString(), await ProcessorsAsync(daemon.ProcessId));
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        Assert.Equal(200, (await daemon.PostAsync("v1/embeddings", """{"model":"tiny-embed","input":"x"}""")).Status);
        Assert.Equal($"{first}", await ProcessorsAsync(await daemon.RunnerProcessAsync()));
    }

    [Fact]
    public async Task Processors_that_the_machine_lacks_are_refused_at_start_and_at_a_reload()
    {
        const string Missing = """{ "limits": { "cpuSet": "8191" }, "models": { "tiny-chat": { "cpuSet": "0,8190" }, "a": { "cpuSet": "x" } } }""";
        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup { Folder = _folder, Configuration = Missing });

        Assert.Equal(2, exitCode);
        Assert.Contains("limits.cpuSet: \"8191\" names 8191, which this machine or the control group of the daemon does not have; choose from ", error,
            StringComparison.Ordinal);
        Assert.Contains("model-runner.json:1: models.tiny-chat.cpuSet: \"0,8190\" names 8190, which ", error, StringComparison.Ordinal);
        Assert.Contains("\"x\" is not a list of processor numbers such as 0-3,8; change it or leave it out.", error, StringComparison.Ordinal);

        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = _folder, Configuration = "{}" });
        await File.WriteAllTextAsync(
            Path.Join(daemon.FolderPath, "model-runner.json"), """{ "limits": { "cpuSet": "8191" } }""", Cancellation);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await daemon.WaitForLogAsync("names 8191, which this machine");
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
    }

    [Fact]
    public async Task A_memory_limit_that_nobody_can_keep_is_refused_with_the_way_out()
    {
        // The tests are in the control group of the daemon too, so it may not make groups there, whatever the machine has.
        const string Limits = """{ "models": { "tiny-chat": { "memoryLimit": "1GiB" } } }""";
        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup { Folder = _folder, Configuration = Limits });

        Assert.Equal(2, exitCode);
        Assert.Matches(
            "^model-runner: model-runner.json:1: models.tiny-chat.memoryLimit: \"1GiB\" cannot be kept: its control group [^;]*; run the daemon as a service of systemd with "
            + "Delegate=memory, as the units in deploy/systemd do, or leave it out.\n$",
            error.Replace("other programs are in its control group", "its control group has others", StringComparison.Ordinal));
        (exitCode, error) = await DaemonFixture.RunToEndAsync(
            new DaemonSetup { Folder = _folder, Configuration = """{ "limits": { "memoryLimit": "1GiB" }, "models": { "a": { "memoryLimit": "1MiB" } } }""" });
        Assert.Equal(2, exitCode);
        Assert.Contains("limits.memoryLimit: \"1GiB\" cannot be kept: ", error, StringComparison.Ordinal);
        Assert.Contains("\"1MiB\" is not a size from 16MiB to 1024TiB", error, StringComparison.Ordinal);
    }

    private static async Task<string> ProcessorsAsync(int process)
    {
        string[] lines = await File.ReadAllLinesAsync($"/proc/{process}/status", Cancellation);
        return lines.Single(static line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal)).Split('\t')[1];
    }
}
