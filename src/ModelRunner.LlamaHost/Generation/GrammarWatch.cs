using System.Collections.Concurrent;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>
/// Detects that llama.cpp does not return from a grammar call. llama.cpp follows all ways to match a text at once; a grammar can have too
/// many ways for the available time and memory, and the call cannot be cancelled. Then only the end of the program helps.
/// </summary>
internal static class GrammarWatch
{
    private static readonly ConcurrentDictionary<long, long> Begun = new();
    private static readonly TimeProvider Clock = TimeProvider.System;
    private static long _last;

    /// <summary>Starts the watch on a separate thread: all threads of the pool may be in such calls.</summary>
    /// <param name="limit">The most time that a call may take.</param>
    /// <param name="onExpired">Called once, when a call takes longer.</param>
    public static void Start(TimeSpan limit, Action onExpired)
    {
        var thread = new Thread(() => Watch(limit, onExpired)) { IsBackground = true, Name = "grammar watch" };
        thread.Start();
    }

    /// <summary>Records the begin of a call; dispose the result when the call has returned.</summary>
    public static Call Begin()
    {
        long number = Interlocked.Increment(ref _last);
        Begun[number] = Clock.GetTimestamp();
        return new Call(number);
    }

    private static void Watch(TimeSpan limit, Action onExpired)
    {
        using var never = new ManualResetEventSlim();
        while (!Begun.Values.Any(begin => Clock.GetElapsedTime(begin) > limit))
            never.Wait(limit / 4);
        onExpired();
    }

    /// <summary>A call in progress.</summary>
    /// <param name="number">Its number.</param>
    public readonly struct Call(long number) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose() => Begun.TryRemove(number, out _);
    }
}
