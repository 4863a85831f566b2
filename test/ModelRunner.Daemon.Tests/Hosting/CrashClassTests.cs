using System.Globalization;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>What ended a runner, on the page of the real daemon. Every process really ends in this way.</summary>
public sealed class CrashClassTests : IDisposable
{
    private const string Crashes = "model_runner_crashes_total";
    private const string Stops = "model_runner_stops_total";
    private const long GroupBytes = 48 << 20;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("kill -SEGV $$; sleep 60", "signal", "crashed")]
    [InlineData("kill -KILL $$; sleep 60", "signal", "killed")]
    [InlineData("exit 7", "other", "exited")]
    [InlineData("echo 'usage: x' >&2; exit 0", "other", "exited")]
    [InlineData("sleep 60", "killed_by_daemon", "load_timeout")]
    public async Task A_failed_start_is_counted_once_with_its_class_and_its_reason(string script, string crash, string reason)
    {
        await using DaemonFixture daemon = await StartAsync(["/bin/sh", "-c", script, "sh", "{socket}"]);

        Assert.Equal(502, (await AskAsync(daemon)).Status);

        await AssertCountedAsync(daemon, crash, reason);
    }

    [Fact]
    public async Task A_process_that_the_kernel_kills_for_its_memory_ran_out_of_memory()
    {
        using MemoryGroup group = Prerequisite.Require(
            MemoryGroup.TryCreate(GroupBytes), "The memory of a process cannot be limited here: run the tests as root, with a writable /sys/fs/cgroup.");
        string script = $"echo $$ > {group.ProcessesPath} && exec tail /dev/zero";
        await using DaemonFixture daemon = await StartAsync(["/bin/sh", "-c", script, "sh", "{socket}"]);

        (_, JsonElement error) = await AskAsync(daemon);

        Assert.Contains("the kernel's out-of-memory killer ended", error.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        await AssertCountedAsync(daemon, "out_of_memory", "killed");
    }

    [Fact]
    public async Task A_program_without_one_of_its_libraries_lacks_a_library()
    {
        string program = _folder.PathOf("broken");
        byte[] image = await File.ReadAllBytesAsync("/bin/true", TestContext.Current.CancellationToken);
        int name = image.AsSpan().IndexOf("libc.so.6\0"u8);
        Assert.True(name > 0, "/bin/true needs no libc.so.6.");
        "libx.so.6"u8.CopyTo(image.AsSpan(name));
        await File.WriteAllBytesAsync(program, image, TestContext.Current.CancellationToken);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        await using DaemonFixture daemon = await StartAsync([program, "{socket}"]);

        (_, JsonElement error) = await AskAsync(daemon);

        Assert.Contains("a shared library is missing", error.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        await AssertCountedAsync(daemon, "missing_library", "not_started");
    }

    [Fact]
    public async Task A_crash_after_the_start_is_counted_and_an_unload_is_not()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = """{"metrics":{"minInterval":"0s"}}""" });
        const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one"}]}""";
        await daemon.PostAsync("v1/chat/completions", Chat);
        await DaemonFixture.SignalAsync(await daemon.RunnerProcessAsync(), "KILL");
        await DaemonFixture.WaitUntilAsync(
            async () => (await AccountedPage.ReadNowAsync(daemon)).Sum(Crashes, "class=\"signal\"") == 1, DaemonFixture.Patience);
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        await daemon.PostAsync("engines/unload", """{"all":true}""");

        AccountedPage page = await AccountedPage.ReadNowAsync(daemon);

        Assert.Equal((2, 1), (page.Sum(Stops), page.Sum(Crashes)));
        AssertRelation(page);
    }

    private static Task<(int Status, JsonElement Answer)> AskAsync(DaemonFixture daemon) =>
        daemon.PostAsync("v1/chat/completions", """{"model":"broken","messages":[{"role":"user","content":"hi"}]}""");

    private static async Task AssertCountedAsync(DaemonFixture daemon, string crash, string reason)
    {
        AccountedPage page = await AccountedPage.ReadNowAsync(daemon);
        const string Model = """{backend="lab",model="broken:latest",mode="completion",""";
        Assert.Contains($"{Crashes}{Model}class=\"{crash}\"}} 1\n", page.Text, StringComparison.Ordinal);
        Assert.Contains($"{Stops}{Model}reason=\"{reason}\"}} 1\n", page.Text, StringComparison.Ordinal);
        AssertRelation(page);
    }

    private static void AssertRelation(AccountedPage page) => Assert.Equal(
        page.Sum(Crashes),
        Enum.GetValues<StopReason>().Where(static reason => !reason.IsRequested())
            .Sum(reason => page.Sum(Stops, string.Create(CultureInfo.InvariantCulture, $"reason=\"{reason.ToLabelValue()}\""))));

    private static Task<DaemonFixture> StartAsync(string[] command) => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = $$"""
            {
              "metrics": { "minInterval": "0s" }, "limits": { "loadTimeout": "1s" },
              "engines": { "lab": { "command": {{JsonSerializer.Serialize(command)}} } },
              "models": { "broken": { "engine": "lab", "mode": "completion" } }
            }
            """,
    });
}
