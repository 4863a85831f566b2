using System.Net;
using Microsoft.Data.Sqlite;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The totals of the real daemon while its ledger cannot be written.</summary>
public sealed class LedgerDiskTests
{
    private const string Body = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two three"}],"max_tokens":4}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_daemon_that_ends_waits_for_a_short_lock_of_another_process()
    {
        using var folder = new TemporaryFolder();
        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder }))
        {
            await CompleteAsync(daemon);
            string ledger = Path.Join(folder.Path, "state", "model-runner", "ledger.db");
            await using (var other = new SqliteConnection($"Data Source={ledger};Pooling=False"))
            {
                await other.OpenAsync(Cancellation);
                await using SqliteCommand command = other.CreateCommand();
                command.CommandText = "BEGIN IMMEDIATE";
                await command.ExecuteNonQueryAsync(Cancellation);
                await CompleteAsync(daemon);
                Signals.Send(daemon.ProcessId, Signals.Terminate);
                await daemon.WaitForLogAsync("cannot be written");
            }

            Assert.Equal(0, await daemon.WaitForEndAsync());
        }

        await using DaemonFixture next = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });
        Assert.Equal(2, (await AccountedPage.ReadAsync(next)).Sum(AccountedPage.Requests, "outcome=\"completed\""));
    }

    private static async Task CompleteAsync(DaemonFixture daemon)
    {
        using HttpResponseMessage response = await daemon.SendAsync("v1/chat/completions", Body, HttpCompletionOption.ResponseContentRead, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
