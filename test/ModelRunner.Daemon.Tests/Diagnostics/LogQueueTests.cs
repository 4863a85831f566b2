using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Diagnostics;

namespace ModelRunner.Daemon.Tests.Diagnostics;

public sealed class LogQueueTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 25, 7, 13, 12, 345, TimeSpan.Zero));
    private readonly GatedTarget _target = new();
    private readonly List<string> _troubles = [];

    public void Dispose()
    {
        _target.Open();
        _target.Dispose();
    }

    [Fact]
    public void Lines_are_written_in_order_and_all_of_them_before_the_end()
    {
        string[] lines = [.. Enumerable.Range(0, 1000).Select(static i => $"line {i}")];
        using (LogQueue queue = Open())
            foreach (string line in lines)
                queue.Write(line);

        Assert.Equal(lines, _target.Lines);
        Assert.True(_target.IsDisposed);
    }

    [Fact]
    public void Logging_never_waits_for_a_blocked_target_and_dropped_lines_are_counted_and_reported()
    {
        using LogQueue queue = Open();
        _target.Close();
        queue.Write("first");
        _target.WaitUntilEntered();
        for (int i = 0; i < LogQueue.MaxLines + 7; i++)
            queue.Write("line");

        Assert.Equal(7, queue.LostLines);
        Assert.False(queue.Flush(TimeSpan.Zero));

        _target.Open();
        Assert.True(queue.Flush(TimeSpan.FromMinutes(1)));
        queue.Write("last");
        Assert.True(queue.Flush(TimeSpan.FromMinutes(1)));
        Assert.Equal(LogQueue.MaxLines + 3, _target.Lines.Count);
        Assert.Equal(
            "2026-11-25T07:13:12.345Z WARN Diagnostics.LogQueue: 7 lines were lost here: the test could not be written or was not read.",
            _target.Lines[^2]);
        Assert.Equal("last", _target.Lines[^1]);
    }

    [Fact]
    public void Long_lines_fill_the_queue_by_their_size()
    {
        using LogQueue queue = Open();
        _target.Close();
        queue.Write("first");
        _target.WaitUntilEntered();
        string line = new('x', LogQueue.MaxCharacters / 4);
        for (int i = 0; i < 5; i++)
            queue.Write(line);

        Assert.Equal(1, queue.LostLines);
        _target.Open();
    }

    [Fact]
    public void Lines_that_could_not_be_written_are_reported_when_writing_works_again()
    {
        using LogQueue queue = Open();
        _target.Failure = "No space left on device";
        foreach (string line in (string[])["one", "two", "three"])
            queue.Write(line);
        Assert.True(queue.Flush(TimeSpan.FromMinutes(1)));
        Assert.Equal(3, queue.LostLines);

        _target.Failure = null;
        queue.Write("four");
        Assert.True(queue.Flush(TimeSpan.FromMinutes(1)));

        Assert.Equal(["No space left on device"], _troubles);
        Assert.Equal(3, queue.LostLines);
        Assert.Equal(2, _target.Lines.Count);
        Assert.Contains(": 3 lines were lost here: ", _target.Lines[0], StringComparison.Ordinal);
        Assert.Equal("four", _target.Lines[1]);
    }

    [Fact]
    public async Task A_blocked_target_does_not_block_the_end()
    {
        LogQueue queue = Open();
        _target.Close();
        queue.Write("first");
        _target.WaitUntilEntered();

        await Task.Run(queue.Dispose, TestContext.Current.CancellationToken)
            .WaitAsync(LogQueue.FlushTime + TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        queue.Write("too late");

        Assert.Equal(1, queue.LostLines);
        Assert.False(_target.IsDisposed);
    }

    private LogQueue Open() => new("the test", _target, _time, _troubles.Add);

    /// <summary>Keeps lines; blocks while it is closed.</summary>
    private sealed class GatedTarget : ILogTarget
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile TaskCompletionSource? _gate;
        private volatile string? _failure;

        public List<string> Lines { get; } = [];

        public bool IsDisposed { get; private set; }

        public string? Failure
        {
            get => _failure;
            set => _failure = value;
        }

        public void Close() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Open() => _gate?.TrySetResult();

        public void WaitUntilEntered() => Assert.True(_entered.Task.Wait(TimeSpan.FromMinutes(1)));

        public string? Write(string line)
        {
            _entered.TrySetResult();
            _gate?.Task.Wait();
            if (_failure is null)
                Lines.Add(line);
            return _failure;
        }

        public void Dispose() => IsDisposed = true;
    }
}
