using System.Diagnostics;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Ledger;

public sealed class LedgerLockTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Only_one_has_the_folder_and_its_holder_is_named()
    {
        using var folder = new TemporaryFolder();
        using var first = new LedgerFile(folder.Path);
        using var second = new LedgerFile(folder.Path);

        Assert.True(first.TryLock());
        Assert.True(first.TryLock());
        Assert.False(second.TryLock());
        Assert.Equal($"process {Environment.ProcessId}", second.Holder);

        first.Dispose();
        Assert.True(second.TryLock());
    }

    /// <summary>A new process has the open files of its parent until it runs its program. A file that is only closed would stay locked.</summary>
    [Fact]
    public async Task The_folder_is_free_at_once_although_other_processes_are_started()
    {
        using var folder = new TemporaryFolder();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Task[] starters = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() => StartProcesses(ended.Token), Cancellation))];
        try
        {
            for (int i = 0; i < 2_000; i++)
            {
                using var file = new LedgerFile(folder.Path);
                Assert.True(file.TryLock(), $"The folder was still locked after {i} times.");
            }
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll(starters);
        }
    }

    private static void StartProcesses(CancellationToken ended)
    {
        while (!ended.IsCancellationRequested)
        {
            using Process process = Process.Start("/bin/true");
            process.WaitForExit();
        }
    }
}
