using System.Globalization;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Daemon.Tests.Linux.Graphics;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The memory of graphics cards on the page of the real daemon, with a library in place of NVIDIA's.</summary>
public sealed class GraphicsFamiliesTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}]}""";
    private const string Used = "model_runner_gpu_memory_used_bytes";

    [Fact]
    public async Task A_runner_shows_its_memory_and_a_driver_that_hangs_does_not_delay_a_page()
    {
        using var folder = new TemporaryFolder();
        FakeNvidiaLibrary library = await FakeNvidiaLibrary.MakeAsync(folder.Path);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = """{ "metrics": { "minInterval": "0s", "timeout": "60s" } }""",
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LD_LIBRARY_PATH"] = library.Folder },
        });
        Assert.Equal("0 0", library.Calls);
        await daemon.PostAsync("v1/chat/completions", Chat);
        int process = await daemon.RunnerProcessAsync();
        library.Tell(string.Create(CultureInfo.InvariantCulture, $"card 0 101 0 8000 5000\ncompute {process} 1000 0\ncompute {process + 1000000} 3000 0\n"));

        AccountedPage page = await PageWithAsync(daemon, $"{Used}{{gpu=\"0000:65:00.0\"}} 5000");
        Assert.Contains("model_runner_gpu_memory_total_bytes{gpu=\"0000:65:00.0\"} 8000\n", page.Text, StringComparison.Ordinal);
        string own = """model_runner_gpu_memory_bytes{backend="llama.cpp",model="tiny-chat:latest",mode="completion",gpu="0000:65:00.0"} 1000""";

        // In a container with its own process numbers the library cannot name the runner.
        bool hasAllProcesses = new FileInfo("/proc/self/ns/pid").LinkTarget == "pid:[4026531836]";
        Assert.Equal(hasAllProcesses ? [own] : [], page.Text.Split('\n').Where(static line => line.StartsWith("model_runner_gpu_memory_bytes{", StringComparison.Ordinal)));

        library.Tell("hang\ncard 0 101 0 8000 5000\n");
        AccountedPage last = page;
        await DaemonFixture.WaitUntilAsync(async () => (last = await AccountedPage.ReadNowAsync(daemon)).Sum(Used) == 0, DaemonFixture.Patience);
        last = await AccountedPage.ReadNowAsync(daemon);
        Assert.Equal(1, last.Sum("model_runner_up", "tiny-chat"));

        // A page that waited for the driver would begin after nine tenths of a minute, without the memory of the runner.
        Assert.InRange(last.Sum("model_runner_page_duration_seconds"), 0, 20);
        Assert.True(last.Sum("model_runner_resident_memory_bytes", "tiny-chat") > 0);
        Assert.DoesNotContain("gpu_memory", last.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("nvidia", daemon.Log, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_driver_is_released_when_there_is_no_runner()
    {
        using var folder = new TemporaryFolder();
        FakeNvidiaLibrary library = await FakeNvidiaLibrary.MakeAsync(folder.Path);
        library.Tell("card 0 101 0 8000 5000\n");
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LD_LIBRARY_PATH"] = library.Folder },
        });
        await daemon.PostAsync("v1/chat/completions", Chat);
        await PageWithAsync(daemon, Used);
        Assert.Equal("1 0", library.Calls);

        // No scrape is needed for that.
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(library.Calls == "1 1"), DaemonFixture.Patience);
        Assert.DoesNotContain("gpu_memory", (await AccountedPage.ReadNowAsync(daemon)).Text, StringComparison.Ordinal);
    }

    private static async Task<AccountedPage> PageWithAsync(DaemonFixture daemon, string text)
    {
        AccountedPage page = await AccountedPage.ReadNowAsync(daemon);
        await DaemonFixture.WaitUntilAsync(
            async () => (page = await AccountedPage.ReadNowAsync(daemon)).Text.Contains(text, StringComparison.Ordinal), DaemonFixture.Patience);
        return page;
    }
}
