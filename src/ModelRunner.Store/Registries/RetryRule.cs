using ModelRunner.Store.Http;

namespace ModelRunner.Store.Registries;

/// <summary>Whether and when a failed request is sent again.</summary>
internal static class RetryRule
{
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
