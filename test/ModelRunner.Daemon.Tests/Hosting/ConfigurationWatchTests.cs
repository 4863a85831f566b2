using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Hosting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

public sealed class ConfigurationWatchTests : IDisposable
{
    private const string Name = "model-runner.json";

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private FileStamp _used;
    private int _reloads;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_change_is_read_once_when_the_file_is_the_same_twice()
    {
        _folder.Write(Name, "{}");
        using ConfigurationWatch watch = Watch();
        Assert.Equal(0, Look(3));

        _folder.Write(Name, """{ "keepAlive": """);
        Assert.Equal(0, Look());
        _folder.Write(Name, """{ "keepAlive": "1m" }""");
        Assert.Equal(0, Look());
        Assert.Equal(1, Look());
        Assert.Equal(1, Look(3));
    }

    [Fact]
    public async Task A_file_that_is_replaced_is_read_and_one_that_is_gone_is_not()
    {
        string path = _folder.Write(Name, "{}");
        using ConfigurationWatch watch = Watch();

        File.Delete(path);
        Assert.Equal(0, Look(3));
        File.Move(_folder.Write("new", "{}"), path);
        Assert.Equal(1, Look(3));
    }

    [Fact]
    public async Task What_a_signal_has_read_is_not_read_again()
    {
        _folder.Write(Name, "{}");
        using ConfigurationWatch watch = Watch();

        _folder.Write(Name, """{ "keepAlive": "1m" }""");
        _used = Read();
        Assert.Equal(0, Look(3));
    }

    [Fact]
    public async Task A_file_system_that_hangs_holds_one_thread()
    {
        using var allowed = new ManualResetEventSlim();
        var time = new TickedTime();
        int reading = 0;
        using var watch = new ConfigurationWatch(ReadSlowly, static () => default, static () => true, static () => { }, time);
        var first = Task.Run(time.Tick, TestContext.Current.CancellationToken);
        while (Volatile.Read(ref reading) == 0)
            await Task.Yield();

        // It would wait for the first one.
        await Task.Run(time.Tick, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        allowed.Set();
        await first;

        FileStamp ReadSlowly()
        {
            Interlocked.Increment(ref reading);
            allowed.Wait();
            return default;
        }
    }

    [Fact]
    public async Task The_daemon_follows_its_file_and_keeps_its_settings_while_the_file_is_broken()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = """{ "keepAlive": "1m" }""" });
        string path = Path.Join(daemon.FolderPath, Name);

        await File.WriteAllTextAsync(path, """{ "keepAlive": "2m", }}""", TestContext.Current.CancellationToken);
        await daemon.WaitForLogAsync("The new configuration is not used");
        await File.WriteAllTextAsync(path + ".new", """{ "keepAlive": "3m" }""", TestContext.Current.CancellationToken);
        File.Move(path + ".new", path, overwrite: true);
        await daemon.WaitForLogAsync("The configuration was read again; changed: keepAlive.");

        await daemon.PostAsync("v1/chat/completions", """{"model":"tiny-chat","messages":[]}""");
        Assert.Equal("3m", Assert.Single(await daemon.RunnersAsync()).GetProperty("keep_alive").GetString());
        await File.WriteAllTextAsync(path, """{ "keepAlive": "4m", "reloadOnChange": false }""", TestContext.Current.CancellationToken);
        await DaemonFixture.WaitUntilAsync(
            async () => (await daemon.RunnersAsync())[0].GetProperty("keep_alive").GetString() == "4m", DaemonFixture.Patience);
    }

    private ConfigurationWatch Watch()
    {
        _used = Read();
        return new ConfigurationWatch(Read, () => _used, static () => true, () => _reloads++, _time);
    }

    private FileStamp Read() => FileStamp.Of(_folder.PathOf(Name));

    private int Look(int times = 1)
    {
        for (int i = 0; i < times; i++)
            _time.Advance(TimeSpan.FromSeconds(2));
        return _reloads;
    }
}
