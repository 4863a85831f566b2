using ModelRunner.Store.Layout;

namespace ModelRunner.Store.Pulls;

/// <summary>The end of a pull.</summary>
/// <param name="Result">Its kind.</param>
/// <param name="Message">One line for the user.</param>
/// <param name="Entry">The model; null if there is none.</param>
internal sealed record PullOutcome(PullResult Result, string Message, StoreEntry? Entry)
{
    /// <summary>Whether the model is in the store now.</summary>
    public bool IsSuccess => Result is PullResult.Success or PullResult.Unchanged;
}
