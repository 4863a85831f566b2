namespace ModelRunner.Store.Layout;

/// <summary>What helps if files of a model of the store are missing or damaged. The store does not know where a model came from.</summary>
internal static class RepairAdvice
{
    /// <summary>A clause.</summary>
    public const string Text = "pull, load or package the model again";
}
