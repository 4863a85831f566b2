using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Hosting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

public sealed class ProgramWatchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _replaced = [];
    private readonly Dictionary<string, FileStamp> _used = new(StringComparer.Ordinal);
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_replaced_program_is_reported_once_when_it_is_the_same_twice()
    {
        string path = Use(_folder.Write("a", "1"));
        using var watch = new ProgramWatch(() => _used, _replaced.Add, _time);
        Assert.Empty(Look(3));

        _folder.Write("a", "22");
        Assert.Empty(Look());
        _folder.Write("a", "333");
        Assert.Empty(Look());
        Assert.Equal([path], Look());
        Assert.Equal([path], Look(3));
    }

    [Fact]
    public async Task A_program_that_is_gone_or_new_was_not_replaced()
    {
        string path = Use(_folder.Write("a", "1"));
        using var watch = new ProgramWatch(() => _used, _replaced.Add, _time);

        File.Delete(path);
        Use(_folder.Write("b", "1"));
        Assert.Empty(Look(3));

        File.Move(_folder.Write("c", "1"), path);
        Assert.Equal([path], Look(2));
    }

    [Fact]
    public async Task A_program_that_is_used_already_was_not_replaced()
    {
        string path = Use(_folder.Write("a", "1"));
        using var watch = new ProgramWatch(() => _used, _replaced.Add, _time);

        Use(_folder.Write("a", "22"));
        Assert.Empty(Look(3));

        _folder.Write("a", "1");
        Assert.Equal([path], Look(3));
    }

    [Fact]
    public async Task A_file_system_that_hangs_holds_one_thread()
    {
        using var allowed = new ManualResetEventSlim();
        var time = new TickedTime();
        int reading = 0;
        using var watch = new ProgramWatch(ReadSlowly, _replaced.Add, time);
        var first = Task.Run(time.Tick, TestContext.Current.CancellationToken);
        while (Volatile.Read(ref reading) == 0)
            await Task.Yield();

        // It would wait for the first one.
        await Task.Run(time.Tick, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        allowed.Set();
        await first;

        Dictionary<string, FileStamp> ReadSlowly()
        {
            Interlocked.Increment(ref reading);
            allowed.Wait();
            return _used;
        }
    }

    private string Use(string path)
    {
        _used[path] = FileStamp.Of(path);
        return path;
    }

    private List<string> Look(int times = 1)
    {
        for (int i = 0; i < times; i++)
            _time.Advance(TimeSpan.FromSeconds(2));
        return _replaced;
    }
}
