namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>The name of a model in the arguments of its runner.</summary>
internal static class LlamaAlias
{
    /// <summary>
    /// The model's reference, so that responses name the model as clients know it. llama-server splits the value of <c>--alias</c> at commas and
    /// shows the first part only, so commas are written as <c>%2C</c>.
    /// </summary>
    public static string Of(string reference) => reference.Contains(',', StringComparison.Ordinal)
        ? reference.Replace("%", "%25", StringComparison.Ordinal).Replace(",", "%2C", StringComparison.Ordinal)
        : reference;
}
