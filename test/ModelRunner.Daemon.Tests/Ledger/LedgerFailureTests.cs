using System.ComponentModel;
using Microsoft.Data.Sqlite;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Ledger;

/// <summary>The cause of a ledger that cannot be written, and what to do.</summary>
public sealed class LedgerFailureTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_full_disk_is_named_in_the_same_way_whoever_finds_it()
    {
        string expected = $"no space left on device; make space on the disk of {_folder.Path}, or set another folder with statePath";

        Assert.Equal(expected, Explain(new SqliteException("SQLite Error 13: 'database or disk is full'.", 13, 13)));
        Assert.Equal(expected, Explain(new IOException("No space left on device : '/x'", 28)));
        Assert.Equal(expected, Explain(new IOException("the lock file cannot be used", new Win32Exception(28))));
        Assert.Equal(expected, Explain(new IOException("Disk quota exceeded : '/x'", 122)));
    }

    [Fact]
    public void A_disk_that_is_read_only_has_its_way_out()
    {
        string expected = $"; let the daemon write to {_folder.Path}, or set another folder with statePath";

        Assert.Equal($"SQLite Error 8: 'x'{expected}", Explain(new SqliteException("SQLite Error 8: 'x'.", 8, 8)));
        Assert.Equal($"the lock file cannot be used{expected}", Explain(new IOException("the lock file cannot be used", new Win32Exception(30))));
        Assert.Equal($"Access is denied{expected}", Explain(new UnauthorizedAccessException("Access is denied.")));
    }

    [Fact]
    public void An_error_of_a_disk_with_space_has_the_code_of_SQLite()
    {
        Assert.Equal(
            $"SQLite Error 10: 'disk I/O error' (extended code 266); check the disk of {_folder.Path} and its permissions",
            Explain(new SqliteException("SQLite Error 10: 'disk I/O error'.", 10, 266)));
    }

    [Fact]
    public void Other_failures_have_their_own_text()
    {
        Assert.Equal("another process: end it", Explain(new IOException("another process: end it")));
        Assert.Equal("SQLite Error 5: 'database is locked'", Explain(new SqliteException("SQLite Error 5: 'database is locked'.", 5, 5)));
    }

    [Fact]
    public void A_ledger_that_does_not_respond_has_the_folder_of_its_file()
    {
        Assert.Equal(
            "the ledger has not responded for 5 s; its disk may be slow or broken: try again later, or check the disk of /var/lib/x",
            LedgerFailure.ExplainHang(TimeSpan.FromSeconds(5), "/var/lib/x/ledger.db"));
    }

    private string Explain(Exception failure)
    {
        using var file = new LedgerFile(_folder.Path);
        return LedgerFailure.Explain(failure, file);
    }
}
