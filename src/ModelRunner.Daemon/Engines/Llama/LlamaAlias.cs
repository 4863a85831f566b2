namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>The name that a runner is given for its model.</summary>
internal static class LlamaAlias
{
    /// <summary>
    /// The model's reference where an engine reads it as one name, so that its answers name the model as clients know it. llama-server
    /// splits the value of <c>--alias</c> at commas and shows the first part only; commas are written as <c>%2C</c> then.
    /// </summary>
    public static string Of(string reference) => reference.Contains(',', StringComparison.Ordinal)
        ? reference.Replace("%", "%25", StringComparison.Ordinal).Replace(",", "%2C", StringComparison.Ordinal)
        : reference;
}
