namespace ModelRunner.Cli;

/// <summary>The paths of a daemon's routes about one model.</summary>
internal static class ModelPath
{
    /// <summary>The path of a model, and of an action of it if one is named.</summary>
    public static string Of(string model, string? action = null)
    {
        string path = $"models/{string.Join('/', model.Split('/').Select(Uri.EscapeDataString))}";
        return action is null ? path : $"{path}/{action}";
    }
}
