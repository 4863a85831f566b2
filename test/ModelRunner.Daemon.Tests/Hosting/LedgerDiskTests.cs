using System.Net;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The totals of the real daemon while its ledger cannot be written.</summary>
public sealed class LedgerDiskTests
{
    private const string Body = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two three"}],"max_tokens":4}""";
    private const string Up = "model_runner_ledger_up";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_disk_costs_no_response_and_no_total()
    {
        Prerequisite.Require(Environment.IsPrivilegedProcess, "Only root can mount a small file system.");
        using var folder = new TemporaryFolder();
        await using SmallFileSystem disk = await SmallFileSystem.MountAsync(Path.Join(folder.Path, "disk"));
        DaemonSetup setup = SetupOf(folder, disk.Path);
        int sent = 0;
        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(setup))
        {
            sent += await CompleteAsync(daemon);
            disk.Fill();
            while ((await AccountedPage.ReadNowAsync(daemon)).Sum(Up) == 1)
                sent += await CompleteAsync(daemon);
            sent += await CompleteAsync(daemon);
            Assert.Equal(sent, (await AccountedPage.ReadAsync(daemon)).Sum(AccountedPage.Requests));

            // A smaller log may make room for a write, but not for each.
            int unstored = 0;
            await DaemonFixture.WaitUntilAsync(
                async () =>
                {
                    sent += await CompleteAsync(daemon);
                    (int all, unstored) = await ReadUsageAsync(daemon);
                    Assert.Equal(sent, all);
                    return unstored > 0;
                },
                DaemonFixture.Patience);
            Assert.InRange(unstored, 1, sent - 1);
            if (await ReadCauseAsync(daemon) is { } cause)
                Assert.Equal(FullCause(disk), cause);

            disk.Free();
            await WaitUntilUpAsync(daemon);
            sent += await CompleteAsync(daemon);
            Assert.Equal((sent, 0), await ReadUsageAsync(daemon));
            await daemon.KillAsync();
        }

        await using DaemonFixture next = await DaemonFixture.StartAsync(setup);
        Assert.Equal(sent, (await AccountedPage.ReadAsync(next)).Sum(AccountedPage.Requests, "outcome=\"completed\""));
    }

    [Theory]
    [InlineData("full", false, false)]
    [InlineData("full", true, false)]
    [InlineData("full", true, true)]
    [InlineData("ro", false, false)]
    [InlineData("ro", true, false)]
    [InlineData("ro", true, true)]
    public async Task Totals_are_shown_and_continue_if_the_disk_is_full_or_read_only_at_the_start(string fault, bool isKilled, bool lacksIndex)
    {
        Prerequisite.Require(Environment.IsPrivilegedProcess, "Only root can mount a small file system.");
        using var folder = new TemporaryFolder();
        await using SmallFileSystem disk = await SmallFileSystem.MountAsync(Path.Join(folder.Path, "disk"));
        DaemonSetup setup = SetupOf(folder, disk.Path);
        await using (DaemonFixture first = await DaemonFixture.StartAsync(setup))
        {
            await CompleteAsync(first);
            if (isKilled)
                await first.KillAsync();
        }

        // As in a copy or a backup: SQLite has to make the index of the log again, and cannot.
        if (lacksIndex)
            File.Delete(Path.Join(disk.Path, "ledger.db-shm"));
        if (fault == "full")
            disk.Fill();
        else
            await disk.RemountAsync("ro");
        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(setup))
        {
            Assert.Equal(1, (await AccountedPage.ReadNowAsync(daemon)).Sum(AccountedPage.Requests, "outcome=\"completed\""));
            await CompleteAsync(daemon);
            Assert.Equal(2, (await AccountedPage.ReadAsync(daemon)).Sum(AccountedPage.Requests, "outcome=\"completed\""));
            foreach (string by in (string[])["model", "day", "key&since=1h"])
            {
                (int all, int unstored) = await ReadUsageAsync(daemon, by);
                Assert.Equal(2, all);

                // A daemon that was killed may have stored a request and not yet the sums. On a full disk, a smaller log may make room for a write.
                Assert.InRange(unstored, fault == "full" ? 0 : 1, isKilled ? 2 : 1);
            }

            if (fault == "ro")
            {
                Assert.Matches(
                    $"^The ledger {disk.Path}/ledger.db cannot be written: .*Read-only file system.*; let the daemon write to {disk.Path}, or set another "
                    + "folder with statePath\\. Totals are kept in memory until it can be written\\.$", await ReadProblemAsync(daemon));
            }

            if (lacksIndex && fault == "full")
                Assert.Equal(FullCause(disk), await ReadCauseAsync(daemon));
            if (fault == "full")
                disk.Free();
            else
                await disk.RemountAsync("rw");
            await WaitUntilUpAsync(daemon);
            Assert.Equal("", await ReadProblemAsync(daemon));
            Assert.Equal(2, (await AccountedPage.ReadAsync(daemon)).Sum(AccountedPage.Requests, "outcome=\"completed\""));
        }

        await using DaemonFixture next = await DaemonFixture.StartAsync(setup);
        Assert.Equal(2, (await AccountedPage.ReadAsync(next)).Sum(AccountedPage.Requests, "outcome=\"completed\""));
    }

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

    /// <summary>The requests of all rows of the report, and those that are not stored.</summary>
    private static async Task<(int All, int Unstored)> ReadUsageAsync(DaemonFixture daemon, string by = "model")
    {
        JsonElement report = await daemon.GetAsync($"usage?by={by}");
        return (Sum(report), report.TryGetProperty("not_stored", out JsonElement unstored) ? Sum(unstored) : 0);

        static int Sum(JsonElement part) => part.GetProperty("rows").EnumerateArray().Sum(static row => row.GetProperty("requests").GetInt32());
    }

    private static string FullCause(SmallFileSystem disk) =>
        $"{disk.Path}/ledger.db: no space left on device; make space on the disk of {disk.Path}, or set another folder with statePath";

    // Null: the last write was successful.
    private static async Task<string?> ReadCauseAsync(DaemonFixture daemon) =>
        (await daemon.GetAsync("usage")).TryGetProperty("not_stored", out JsonElement unstored) ? unstored.GetProperty("cause").GetString() : null;

    private static async Task<string> ReadProblemAsync(DaemonFixture daemon) => string.Concat(
        (await daemon.GetAsync("engines/problems")).GetProperty("problems").EnumerateArray().Where(static problem => problem.GetProperty("about").GetString() == "ledger")
            .Select(static problem => problem.GetProperty("text").GetString()));

    private static DaemonSetup SetupOf(TemporaryFolder folder, string state) => new()
    {
        Folder = folder, Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["MODEL_RUNNER_STATE"] = state },
    };

    private static Task WaitUntilUpAsync(DaemonFixture daemon) => DaemonFixture.WaitUntilAsync(
        async () => (await AccountedPage.ReadNowAsync(daemon)).Sum(Up) == 1, DaemonFixture.Patience);

    private static async Task<int> CompleteAsync(DaemonFixture daemon)
    {
        using HttpResponseMessage response = await daemon.SendAsync("v1/chat/completions", Body, HttpCompletionOption.ResponseContentRead, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return 1;
    }
}
