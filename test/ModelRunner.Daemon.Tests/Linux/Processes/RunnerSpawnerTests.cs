using System.Collections;
using ModelRunner.Daemon.Engines;
using ModelRunner.Daemon.Engines.Llama;
using ModelRunner.Daemon.Tests.Checks;
using ModelRunner.Linux;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

public sealed class RunnerSpawnerTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly SpawnBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task Check_24_Children_do_not_end_with_the_threads_that_requested_them()
    {
        var children = new ChildProcess[16];
        Thread[] threads = [.. Enumerable.Range(0, 16).Select(i => new Thread(() =>
            children[i] = _bed.StartAsync("/bin/sleep", "600").GetAwaiter().GetResult()))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();

        // A death signal of one of those threads would have arrived before this child ran.
        ChildProcess later = await _bed.StartShellAsync("exit 0");
        await later.Exited.WaitAsync(Limit);

        Figures.Print($"{children.Count(static child => ProcessTable.IsAlive(child.Id))} of {children.Length} live");
        Assert.All(children, static child => Assert.True(ProcessTable.IsAlive(child.Id)));
    }

    [Fact]
    public async Task Children_die_with_the_thread_that_started_them()
    {
        ChildProcess child;
        using (var bed = new SpawnBed())
        {
            child = await bed.StartShellAsync("echo armed; exec sleep 600");
            await WaitForOutputAsync(child);
        }

        Assert.Equal(new ExitStatus(null, Libc.SigKill), await child.Exited.WaitAsync(Limit));
    }

    [Fact]
    public async Task A_child_leads_its_own_group_and_reads_nothing()
    {
        ChildProcess child = await _bed.StartShellAsync("cat; pwd; exec sleep 600");
        await WaitForOutputAsync(child);

        Assert.Equal(child.Id, ProcessTable.GroupOf(child.Id));
        Assert.Equal([_bed.Folder], child.Output.ReadLines());
    }

    [Fact]
    public async Task A_child_inherits_no_open_file()
    {
        Inheritable.Open(out int first, out int second);
        ChildProcess child = await _bed.StartShellAsync("ls /proc/$$/fd");

        await child.Exited.WaitAsync(Limit);

        Inheritable.Close(first, second);
        Assert.Equal(["0", "1", "2"], child.Output.ReadLines());
    }

    [Fact]
    public async Task A_child_gets_its_variables_and_the_mark_of_its_start()
    {
        ChildProcess child = await _bed.StartAsync("/usr/bin/env");

        await child.Exited.WaitAsync(Limit);

        Assert.Collection(
            child.Output.ReadLines().Order(StringComparer.Ordinal),
            static line => Assert.Equal("CANARY=none", line),
            static line => Assert.StartsWith($"{ProcessMark.TreeVariable}={DaemonIdentity.Own}-", line, StringComparison.Ordinal),
            static line => Assert.Equal("PATH=/usr/bin:/bin", line));
    }

    [Fact]
    public async Task A_missing_program_is_reported()
    {
        ChildProcess child = await _bed.StartAsync("/nowhere/llama-server");

        RunnerFailure failure = ExitCause.Describe("llama-server", LlamaLogLines.All, await child.Exited.WaitAsync(Limit), child.Output.ReadLines());

        Assert.Equal(StopReason.NotStarted, failure.Reason);
        Assert.Contains("/nowhere/llama-server", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_prefix_program_is_a_spawn_failure()
    {
        using var bed = new SpawnBed(["/nowhere/setpriv"]);

        SpawnException failure = await Assert.ThrowsAsync<SpawnException>(() => bed.StartShellAsync("exit 0"));

        Assert.Equal("/nowhere/setpriv could not be started: No such file or directory", failure.Message);
    }

    [Theory]
    [InlineData("ROCBLAS_USE_HIPBLASLT")]
    [InlineData("HIP_VISIBLE_DEVICES")]
    [InlineData("HSA_OVERRIDE_GFX_VERSION")]
    [InlineData("RADV_PERFTEST")]
    [InlineData("ZES_ENABLE_SYSMAN")]
    [InlineData("ONEAPI_DEVICE_SELECTOR")]
    [InlineData("UR_L0_ENABLE_RELAXED_ALLOCATION_LIMITS")]
    [InlineData("MUSA_VISIBLE_DEVICES")]
    [InlineData("ASCEND_RT_VISIBLE_DEVICES")]
    [InlineData("GGML_CUDA_ENABLE_UNIFIED_MEMORY")]
    [InlineData("CUDA_VISIBLE_DEVICES")]
    [InlineData("VK_ICD_FILENAMES")]
    [InlineData("XDG_DATA_DIRS")]
    public void Variables_of_accelerators_reach_the_runner_and_are_documented(string name)
    {
        IReadOnlyList<string> variables = RunnerEnvironment.Build(new Hashtable(StringComparer.Ordinal) { [name] = "1" }, "/empty");

        Assert.Contains($"{name}=1", variables);
        string page = File.ReadAllText(Path.Join(Repository.Root, "docs", "configuration.md"));
        Assert.True(
            page.Contains($"`{name}`", StringComparison.Ordinal) || page.Contains($"`{name[..(name.IndexOf('_', StringComparison.Ordinal) + 1)]}*`", StringComparison.Ordinal),
            name);
    }

    [Fact]
    public void Runners_get_no_variable_that_changes_the_engine_or_contains_a_secret()
    {
        var inherited = new Hashtable(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/bin",
            ["CUDA_VISIBLE_DEVICES"] = "0",
            ["LLAMA_ARG_PORT"] = "1",
            ["LLAMA_API_KEY"] = "canary",
            ["LLAMA_SERVER_ROUTER_PORT"] = "2",
            ["AIP_MODE"] = "PREDICTION",
            ["MODEL_RUNNER_API_KEY"] = "canary",
            ["CUDA_API_TOKEN"] = "canary",
            ["LD_PRELOAD"] = "canary",
        };

        IReadOnlyList<string> variables = RunnerEnvironment.Build(inherited, "/empty", ("GGML_NO_BACKTRACE", "1"));

        Assert.DoesNotContain(variables, static variable => variable.Contains("canary", StringComparison.Ordinal));
        Assert.DoesNotContain(variables, static variable => variable.StartsWith("LLAMA_ARG_PORT", StringComparison.Ordinal));
        Assert.DoesNotContain(variables, static variable => variable.StartsWith("AIP_", StringComparison.Ordinal));
        Assert.DoesNotContain(variables, static variable => variable.StartsWith("LLAMA_SERVER_", StringComparison.Ordinal));
        Assert.Contains("CUDA_VISIBLE_DEVICES=0", variables);
        Assert.Contains("XDG_CONFIG_HOME=/empty", variables);
        Assert.Contains("GGML_NO_BACKTRACE=1", variables);
    }

    private static async Task WaitForOutputAsync(ChildProcess child)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (child.Output.ReadLines().Count == 0)
            await Task.Delay(5, limit.Token);
    }
}
