using System.Collections.Concurrent;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>
/// Notices when llama.cpp does not come back from a grammar. It follows all ways to match a text at once; a grammar can have more ways
/// than there is time and memory, and the call cannot be stopped. Nothing but the end of the program helps then.
/// </summary>
internal static class GrammarWatch
{
    private static readonly ConcurrentDictionary<long, long> Begun = new();
    private static readonly TimeProvider Clock = TimeProvider.System;
    private static long _last;

    /// <summary>Starts to watch, on a thread of its own: those of the pool may all be in such calls.</summary>
    /// <param name="limit">The longest that a call may take.</param>
    /// <param name="onExpired">Is called once, when a call takes longer.</param>
    public static void Start(TimeSpan limit, Action onExpired)
    {
        var thread = new Thread(() => Watch(limit, onExpired)) { IsBackground = true, Name = "grammar watch" };
        thread.Start();
    }

    /// <summary>Notes that a call begins; dispose the result when it has ended.</summary>
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

    /// <summary>A call that has begun.</summary>
    /// <param name="number">Its number.</param>
    public readonly struct Call(long number) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose() => Begun.TryRemove(number, out _);
    }
}
