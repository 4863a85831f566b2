using System.Globalization;
using ModelRunner.Store.Http;

namespace ModelRunner.Store.Registries;

/// <summary>Whether and when a failed request is sent again.</summary>
internal static class RetryRule
{
    /// <summary>Sends a request until it succeeds or its failure counts.</summary>
    /// <param name="send">Sends it once.</param>
    /// <param name="leavesTransient">Whether the caller repeats it after a failure that may pass.</param>
    /// <param name="settings">The limits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<T> RepeatAsync<T>(
        Func<Task<T>> send, bool leavesTransient, RegistrySettings settings, TimeProvider time, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await send();
            }
            catch (RemoteException failure) when (!(leavesTransient && failure.IsTransient)
                && WaitAfter(failure, attempt, settings, time.GetUtcNow()) is { } wait)
            {
                settings.Notify(string.Create(CultureInfo.InvariantCulture, $"next attempt in {Math.Ceiling(wait.TotalSeconds):0} s: {failure.Message}"));
                await Task.Delay(wait, time, cancellation);
            }
        }
    }

    /// <summary>The wait before the next attempt; null: the failure counts.</summary>
    /// <param name="failure">What happened.</param>
    /// <param name="attempt">How many attempts were made.</param>
    /// <param name="settings">The limits.</param>
    /// <param name="now">The time.</param>
    public static TimeSpan? WaitAfter(RemoteException failure, int attempt, RegistrySettings settings, DateTimeOffset now)
    {
        if (attempt >= settings.MaxTries || !(failure.IsTransient || failure.Reason == RemoteReason.RateLimited))
            return null;
        if (failure.RetryAt is not { } at)
            return settings.FirstWait * Math.Pow(2, attempt - 1);
        TimeSpan wait = at - now;
        return wait > settings.MaxWait ? null : wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }
}
