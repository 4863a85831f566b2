namespace ModelRunner.Daemon.Runners;

/// <summary>
/// For whom one request waits: for the runner, or for its client, which has not yet read what the runner sent. Thread-safe: the request may end while
/// a read of its response still ends.
/// </summary>
internal sealed class RequestTurn(RunnerProgress runner)
{
    private const int AtRunner = 0;
    private const int AtClient = 1;
    private const int Ended = 2;

    private int _state = AtRunner;

    /// <summary>The runner has sent something.</summary>
    public void Move() => runner.Move();

    /// <summary>The next part of the response is read from the runner.</summary>
    public void AwaitRunner()
    {
        if (Interlocked.CompareExchange(ref _state, AtRunner, AtClient) == AtClient)
            runner.Wait();
    }

    /// <summary>A part of the response is passed to the client. The runner can do nothing about the time that this takes.</summary>
    public void AwaitClient()
    {
        if (Interlocked.CompareExchange(ref _state, AtClient, AtRunner) == AtRunner)
            runner.Rest();
    }

    /// <summary>The request has ended.</summary>
    public void End()
    {
        int before = Interlocked.Exchange(ref _state, Ended);
        if (before == AtRunner)
            runner.Rest();
        if (before != Ended)
            runner.End();
    }
}
