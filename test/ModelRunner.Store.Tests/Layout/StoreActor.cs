using ModelRunner.Store.Layout;

namespace ModelRunner.Store.Tests.Layout;

/// <summary>
/// One operation on a store. It stops before each change of the disk until the test lets it go on, so the test decides the order of the steps of all operations.
/// </summary>
internal sealed class StoreActor : IDisposable
{
    private readonly SemaphoreSlim _go = new(0);
    private readonly SemaphoreSlim _stopped = new(0);
    private volatile bool _isCrashed;

    /// <summary>The step before which it stands; null: it has ended.</summary>
    public string? Step { get; private set; }

    /// <summary>Whether it is between a wait for the lock and the end of the change.</summary>
    public bool HasLock { get; private set; }

    /// <summary>What it does, for the message of a failure.</summary>
    public required string Name { get; init; }

    /// <summary>The process that it belongs to.</summary>
    public required int Process { get; init; }

    /// <summary>The failure of an operation that neither ended nor was refused.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Begins, and returns when the operation stands before its first step.</summary>
    public void Start(Func<StoreActor, Task> run)
    {
        _ = Task.Run(async () =>
        {
            try
            {
                await run(this);
            }
            catch (Exception failure) when (failure is not (CrashException or StoreException))
            {
                Failure = failure;
            }
            catch
            {
                // It crashed, or the store refused.
            }

            (Step, HasLock) = (null, false);
            _stopped.Release();
        });
        _stopped.Wait();
    }

    /// <summary>Lets it do its step, or crash instead, and returns when it stands before the next one or has ended.</summary>
    public void Continue(bool crashes)
    {
        _isCrashed |= crashes;
        HasLock |= Step == "lock";
        _go.Release();
        _stopped.Wait();
    }

    /// <summary>Called by the store before each step.</summary>
    public void Stop(string step)
    {
        Step = step;
        _stopped.Release();
        _go.Wait();
        if (_isCrashed)
            throw new CrashException();
    }

    /// <summary>Says that a change has ended and the lock is free.</summary>
    public void Release() => HasLock = false;

    public void Dispose()
    {
        _go.Dispose();
        _stopped.Dispose();
    }
}
