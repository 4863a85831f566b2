using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary>The paths of a daemon's routes about one model, without a version.</summary>
internal static class ModelPath
{
    /// <summary><c>DELETE /models/purge</c> removes all models, so a model of this name is sent with its tag.</summary>
    private const string Purge = "purge";

    /// <summary>The path of a model, and of an action of it if one is named.</summary>
    /// <exception cref="CliFailure">The name has a part that would lead to another route.</exception>
    public static string Of(string model, string? action = null)
    {
        string[] parts = (model == Purge ? $"{Purge}:latest" : model).Split('/');
        if (parts.Any(static part => part is "." or ".."))
            throw new CliFailure($"the name \"{model}\" has a part \".\" or \"..\", which no model has", ExitCode.Usage);
        string path = $"models/{string.Join('/', parts.Select(Uri.EscapeDataString))}";
        return action is null ? path : $"{path}/{action}";
    }
}
