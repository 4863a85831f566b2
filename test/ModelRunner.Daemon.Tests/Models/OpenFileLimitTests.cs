using System.Diagnostics;
using System.Globalization;
using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>Uses up the files that this process may open, so no other test may run at the same time.</summary>
[Collection(Name)]
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class OpenFileLimitTests
{
    private const string Name = "limit of open files";

    [Fact]
    public async Task A_store_that_cannot_be_read_for_lack_of_files_is_not_taken_for_an_empty_one()
    {
        using var store = new TemporaryFolder();
        store.Write("a.gguf", "GGUF");
        string limit = OpenFileLimit.Read()?.ToString(CultureInfo.InvariantCulture) ?? "unlimited";
        long few = Directory.GetFiles("/proc/self/fd").Length + 64;
        await LimitAsync($"{few}");
        Assert.Equal(few, OpenFileLimit.Read());
        var held = new List<FileStream>();
        try
        {
            while (TryOpen() is { } file)
                held.Add(file);

            IOException failure = Assert.Throws<IOException>(() => StoreScanner.Scan(store.Path));
            Assert.Contains("Too many open files", failure.Message, StringComparison.Ordinal);
        }
        finally
        {
            held.ForEach(static file => file.Dispose());
            await LimitAsync(limit);
        }

        Assert.Single(StoreScanner.Scan(store.Path).Models);
    }

    // Only the soft limit changes, so that it can be restored.
    private static async Task LimitAsync(string soft)
    {
        using Process prlimit = Process.Start("prlimit", ["--pid", $"{Environment.ProcessId}", $"--nofile={soft}:"]);
        await prlimit.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, prlimit.ExitCode);
    }

    private static FileStream? TryOpen()
    {
        try
        {
            return new FileStream("/dev/null", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
