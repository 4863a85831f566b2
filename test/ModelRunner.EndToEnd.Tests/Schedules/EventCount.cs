namespace ModelRunner.EndToEnd.Tests.Schedules;

/// <summary>Counts what the clients of a schedule receive, so that a step can follow after a number of events instead of a time.</summary>
internal sealed class EventCount
{
    private readonly Lock _lock = new();
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiting = [];
    private int _count;

    public void Add()
    {
        lock (_lock)
        {
            _count++;
            foreach ((int count, TaskCompletionSource reached) in _waiting)
                if (count <= _count)
                    reached.TrySetResult();
        }
    }

    /// <summary>Completes when there were so many events.</summary>
    public Task ReachAsync(int count)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiting.Add((count, reached));
            if (count <= _count)
                reached.TrySetResult();
        }

        return reached.Task;
    }
}
