using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Linux.Files;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Keys;

public sealed class KeyStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly ListLogger<KeyStore> _log = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string FilePath => _folder.PathOf("keys.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_changed_file_is_used_at_the_next_look()
    {
        KeyStore store = Open();
        Assert.False((await LookAsync(store)).IsRequired);

        Write("ada", "bob");
        KeyRing ring = await LookAsync(store);
        Assert.Equal((true, true, "ada", "bob"), (ring.IsRequired, ring.HasNames, ring.Find("key-of-ada")!.Name, ring.Find("key-of-bob")!.Name));

        Write("bob");
        ring = await LookAsync(store);
        Assert.Null(ring.Find("key-of-ada"));
        Assert.NotNull(ring.Find("key-of-bob"));
        Assert.Same(ring, store.Current);
    }

    [Fact]
    public async Task Two_looks_in_a_moment_read_the_file_once()
    {
        KeyStore store = Open();
        await LookAsync(store);
        Write("ada");

        Assert.Null((await store.RefreshAsync(Cancellation)).Find("key-of-ada"));
        _time.Advance(TimeSpan.FromMilliseconds(199));
        Assert.Null((await store.RefreshAsync(Cancellation)).Find("key-of-ada"));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.NotNull((await store.RefreshAsync(Cancellation)).Find("key-of-ada"));
    }

    [Fact]
    public async Task A_file_that_becomes_private_by_a_change_of_its_mode_alone_is_read()
    {
        Write("ada", "eve");
        KeyStore store = Open();
        await LookAsync(store);
        Write("ada");
        File.SetUnixFileMode(FilePath, File.GetUnixFileMode(FilePath) | UnixFileMode.GroupWrite);
        _time.SetUtcNow(new DateTimeOffset(File.GetLastWriteTimeUtc(FilePath).AddMinutes(1)));
        Assert.NotNull((await LookAsync(store)).Find("key-of-eve"));

        File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        Assert.Null((await LookAsync(store)).Find("key-of-eve"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{ broken")]
    [InlineData("{ \"keys\": { \"ada\": { \"sha256\": \"x\" } } }")]
    [InlineData("{ \"keys\": { \"of-file\": { \"sha256\": \"x\" } } }")]
    [InlineData("folder")]
    [InlineData("writable")]
    public async Task A_broken_file_changes_nothing_and_is_logged_once(string text)
    {
        Write("ada");
        KeyStore store = Open();
        await LookAsync(store);

        if (text == "folder")
        {
            File.Delete(FilePath);
            Directory.CreateDirectory(FilePath);
        }
        else if (text == "writable")
        {
            File.SetUnixFileMode(FilePath, File.GetUnixFileMode(FilePath) | UnixFileMode.GroupWrite);
            Write("ada", "eve");
            File.SetUnixFileMode(FilePath, File.GetUnixFileMode(FilePath) | UnixFileMode.GroupWrite);
        }
        else
        {
            DurableFile.Replace(FilePath, System.Text.Encoding.UTF8.GetBytes(text));
        }

        for (int i = 0; i < 3; i++)
        {
            KeyRing ring = await LookAsync(store);
            Assert.Equal("ada", ring.Find("key-of-ada")!.Name);
            Assert.Null(ring.Find("key-of-eve"));
            Assert.True(ring.IsRequired);
        }

        Assert.Contains("is not used, and the keys that it had before stay valid", Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_removed_file_opens_nothing_also_after_a_reload()
    {
        Write("ada");
        KeyStore store = Open();
        await LookAsync(store);

        File.Delete(FilePath);
        KeyRing ring = await LookAsync(store);
        Assert.Equal((true, null), (ring.IsRequired, ring.Find("key-of-ada")));
        store.Configure(Settings());
        ring = await LookAsync(store);
        Assert.Equal((true, false), (ring.IsRequired, ring.HasNames));

        // The error must not send the client to an apiKey that nobody has set.
        Assert.False(ring.HasOneKeyForAll);

        Write("ada");
        Assert.NotNull((await LookAsync(store)).Find("key-of-ada"));
    }

    [Fact]
    public async Task A_second_write_with_the_same_time_and_size_is_seen()
    {
        Write("ada");
        KeyStore store = Open();
        await LookAsync(store);
        DateTime written = File.GetLastWriteTimeUtc(FilePath);

        byte[] next = KeysFile.Format([new KeySettings("eve", KeyDigest.Of("key-of-eve"))]);
        await using (FileStream file = new(FilePath, FileMode.Open, FileAccess.Write))
            await file.WriteAsync(next, Cancellation);
        File.SetLastWriteTimeUtc(FilePath, written);

        Assert.NotNull((await LookAsync(store)).Find("key-of-eve"));
    }

    [Fact]
    public async Task A_reload_with_an_older_reading_does_not_bring_a_revoked_key_back()
    {
        Write("ada", "bob");
        File.SetLastWriteTimeUtc(FilePath, DateTime.UtcNow.AddMinutes(-1));
        DaemonSettings slow = Settings();
        KeyStore store = Open();
        Write("bob");
        File.SetLastWriteTimeUtc(FilePath, DateTime.UtcNow.AddSeconds(-50));
        Assert.Null((await LookAsync(store)).Find("key-of-ada"));

        store.Configure(slow);

        Assert.Null((await store.RefreshAsync(Cancellation)).Find("key-of-ada"));
    }

    [Fact]
    public async Task Many_requests_at_once_see_the_change()
    {
        KeyStore store = Open();
        for (int round = 0; round < 20; round++)
        {
            string name = $"k{round}";
            Write(name);
            _time.Advance(TimeSpan.FromSeconds(1));
            KeyRing[] rings = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () => await store.RefreshAsync(Cancellation), Cancellation)));
            Assert.All(rings, ring => Assert.Equal(name, ring.Find($"key-of-{name}")?.Name));
        }
    }

    private async Task<KeyRing> LookAsync(KeyStore store)
    {
        _time.Advance(TimeSpan.FromMilliseconds(200));
        return await store.RefreshAsync(Cancellation);
    }

    private KeyStore Open() => new(Settings(), Options(), _time, _log);

    private DaemonSettings Settings()
    {
        KeysFileContent content = KeysFile.Read(FilePath, Options(), [], apiKey: null, [])!;
        return new DaemonSettings { Listen = new ListenSettings(null, null), ModelsPath = "/", KeysFilePath = FilePath, KeysFile = content };
    }

    private DaemonOptions Options() => new() { WorkingDirectory = _folder.Path, BaseDirectory = _folder.Path };

    private void Write(params string[] names) =>
        DurableFile.Replace(FilePath, KeysFile.Format(names.Select(static name => new KeySettings(name, KeyDigest.Of($"key-of-{name}")))));
}
