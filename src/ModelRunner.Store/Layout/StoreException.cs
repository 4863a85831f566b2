namespace ModelRunner.Store.Layout;

/// <summary>Something cannot be done with a store. The message is one line for a user, without a path of this machine.</summary>
/// <param name="reason">The kind of problem.</param>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="cause">The failure behind it; null: none.</param>
internal sealed class StoreException(StoreErrorReason reason, string message, Exception? cause = null) : Exception(message, cause)
{
    public StoreErrorReason Reason { get; } = reason;

    /// <summary>What is wrong, without what to do, for a sentence that has a remedy of its own.</summary>
    public string Problem { get; private init; } = message;

    /// <param name="reason">The kind of problem.</param>
    /// <param name="problem">What is wrong.</param>
    /// <param name="remedy">What to do.</param>
    /// <param name="cause">The failure behind it; null: none.</param>
    public static StoreException Of(StoreErrorReason reason, string problem, string remedy, Exception? cause = null) =>
        new(reason, $"{problem}; {remedy}", cause) { Problem = problem };
}
