namespace ModelRunner.Store.Pushes;

/// <summary>The end of a push.</summary>
/// <param name="Result">Its kind.</param>
/// <param name="Message">One line for the user.</param>
internal sealed record PushOutcome(PushResult Result, string Message)
{
    /// <summary>Whether the registry has the model now.</summary>
    public bool IsSuccess => Result == PushResult.Success;
}
