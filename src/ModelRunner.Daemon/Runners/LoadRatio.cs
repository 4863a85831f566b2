using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Counts the loads and the requests of the last ten minutes, to show whether models displace each other all the time. Thread-safe.
/// </summary>
internal sealed class LoadRatio(TimeProvider time)
{
    /// <summary>The time that is looked back on.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private const int Parts = 60;
    private static readonly TimeSpan Part = Window / Parts;

    private readonly Lock _lock = new();
    private readonly (long Number, int Loads, int Requests)[] _parts = new (long Number, int Loads, int Requests)[Parts];
    private readonly long _startedAt = time.GetTimestamp();

    /// <summary>Loads divided by requests that got a runner; null: there were none.</summary>
    public double? Value
    {
        get
        {
            lock (_lock)
            {
                long first = CurrentNumber() - Parts + 1;
                (long loads, long requests) = (0, 0);
                foreach ((long number, int partLoads, int partRequests) in _parts)
                {
                    if (number >= first)
                        (loads, requests) = (loads + partLoads, requests + partRequests);
                }

                return requests == 0 ? null : loads / (double)requests;
            }
        }
    }

    /// <summary>Adds what the scheduler decided.</summary>
    public void Count(IReadOnlyList<SchedulerEffect> effects) =>
        Count(effects.Count(static effect => effect is StartRunner), effects.Count(static effect => effect is Admit { Runner.Value: > 0 }));

    /// <summary>Adds starts of runners, and requests that were given to runners that the daemon started.</summary>
    public void Count(int loads, int requests)
    {
        if (loads == 0 && requests == 0)
            return;
        lock (_lock)
        {
            long number = CurrentNumber();
            ref (long Number, int Loads, int Requests) part = ref _parts[number % Parts];
            if (part.Number != number)
                part = (number, 0, 0);
            part.Loads += loads;
            part.Requests += requests;
        }
    }

    // From 1, because 0 is a part that was never used.
    private long CurrentNumber() => (time.GetElapsedTime(_startedAt).Ticks / Part.Ticks) + 1;
}
