namespace ModelRunner.Store.Layout;

/// <summary>Something cannot be done with a store. The message is one line for a user, without a path of this machine.</summary>
/// <param name="reason">The kind of problem.</param>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="cause">The failure behind it; null: none.</param>
internal sealed class StoreException(StoreErrorReason reason, string message, Exception? cause = null) : Exception(message, cause)
{
    public StoreErrorReason Reason { get; } = reason;
}
