using ModelRunner.Daemon.Accounting;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Compares the tokens that the daemon counted for one start of a runner with the counters of the runner. Thread-safe.
/// </summary>
/// <remarks>
/// <para>A reading counts only if no request was running on the runner from before the page was requested until it was received. Otherwise the
/// runner may have counted a part of a request.</para>
/// <para>It is not known what the runner counted for a request that was cut. So the tokens since the last reading are left out, and the next
/// reading is a new start. The same is done if the process of the runner is another one.</para>
/// </remarks>
/// <param name="key">What the runner serves.</param>
/// <param name="accounts">Gets the differences; null: they are dropped.</param>
/// <param name="time">The clock.</param>
/// <param name="start">The counters at the start; null: they are unknown, so the first reading is the start.</param>
internal sealed class RunnerTally(RunnerKey key, RequestAccounts? accounts, TimeProvider time, CounterReading? start)
{
    /// <summary>
    /// How long a runner may need to notice that a request was cut. llama-server looks once a second whether its client is there.
    /// </summary>
    private static readonly TimeSpan CutTime = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private CounterReading? _start = start;
    private CounterReading? _last;
    private long _requests;
    private int _open;
    private long? _cutAt;
    private bool _isShared;
    private long _prompt;
    private long _generated;
    private long _promptDrift;
    private long _generatedDrift;

    /// <summary>The counters of the runner when it was read last; null: it was not read, or it has none.</summary>
    public CounterReading? Last
    {
        get
        {
            lock (_lock)
                return _last;
        }
    }

    /// <summary>Whether its counters contain requests for other attached runners, so that they cannot be compared.</summary>
    public bool IsShared
    {
        get
        {
            lock (_lock)
                return _isShared;
        }

        set
        {
            lock (_lock)
            {
                if (_isShared == value)
                    return;

                // Until now the counters had other requests than from now on.
                (_isShared, _start) = (value, null);
            }
        }
    }

    /// <summary>Whether a request was sent to it.</summary>
    public bool HasRequests => Interlocked.Read(ref _requests) > 0;

    /// <summary>A request begins.</summary>
    public void Begin()
    {
        lock (_lock)
            (_requests, _open) = (_requests + 1, _open + 1);
    }

    /// <summary>A request has ended.</summary>
    public void End()
    {
        lock (_lock)
            _open--;
    }

    /// <summary>Adds the tokens of a request whose response is complete. The request has not ended.</summary>
    public void Add(long promptTokens, long generatedTokens)
    {
        lock (_lock)
            (_prompt, _generated) = (_prompt + promptTokens, _generated + generatedTokens);
    }

    /// <summary>The runner may have counted tokens of a request that the daemon does not know. The request has not ended.</summary>
    public void Cut()
    {
        lock (_lock)
            _cutAt = time.GetTimestamp();
    }

    /// <summary>Call it before the page is requested.</summary>
    /// <returns>Pass it to <see cref="Compare"/>; null: a request is running, so the page cannot be compared.</returns>
    public long? BeginReading()
    {
        lock (_lock)
            return _open == 0 ? _requests : null;
    }

    /// <summary>Compares the counts with the page of the runner.</summary>
    /// <param name="begun">What <see cref="BeginReading"/> returned.</param>
    /// <param name="reading">The counters on the page.</param>
    public void Compare(long? begun, CounterReading reading)
    {
        // The accounts have their own lock, which must not make a request wait for this one.
        if (FindChange(begun, reading) is ({ } prompt, { } generated))
            accounts?.AddDrift(key, prompt, generated);
    }

    private (long? Prompt, long? Generated) FindChange(long? begun, CounterReading reading)
    {
        lock (_lock)
        {
            _last = reading;
            if (_isShared || begun != _requests || _open > 0 || !reading.IsIdle)
                return default;
            if (_cutAt is { } cutAt && time.GetElapsedTime(cutAt) < CutTime)
                return default;
            if (_cutAt is not null || _start is not { } first || IsOther(first, reading))
            {
                (_start, _cutAt) = (reading, null);
                (_prompt, _generated, _promptDrift, _generatedDrift) = (0, 0, 0, 0);
                return default;
            }

            // Later pages of the process must show the same value.
            _start = first with { Process = reading.Process };
            long prompt = Difference(_prompt, first.Prompt, reading.Prompt);
            long generated = Difference(_generated, first.Generated, reading.Generated);
            (long, long) change = (prompt - _promptDrift, generated - _generatedDrift);
            (_promptDrift, _generatedDrift) = (prompt, generated);
            return change;
        }
    }

    private static bool IsOther(CounterReading first, CounterReading reading) =>
        (first.Process is { } process && reading.Process != process)
        || reading.Prompt.Count < first.Prompt.Count || reading.Generated.Count < first.Generated.Count;

    private static long Difference(long counted, CounterValue first, CounterValue last)
    {
        long difference = counted - (last.Count - first.Count);
        return Math.Abs(difference) <= first.MaxError + last.MaxError ? 0 : difference;
    }
}
