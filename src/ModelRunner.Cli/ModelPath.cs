using ModelRunner.Client;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary>The paths of a daemon's routes about one model, without a version.</summary>
internal static class ModelPath
{
    /// <summary><c>DELETE /models/purge</c> removes all models, so a model of this name is sent with its tag.</summary>
    private const string Purge = "purge";

    // A name of a registry with a path and a digest is shorter. A request with a longer one would be refused as a whole.
    private const int MaxName = 2000;
    private const int MaxShown = 80;

    /// <summary><c>GET /models/a/export</c> is the archive of the model <c>a</c>. The model <c>a/export</c> is <c>a%2Fexport</c>.</summary>
    private const string Export = "export";

    /// <summary>The path of a model, and of an action of it if one is named.</summary>
    /// <exception cref="CliFailure">The name has a part that would lead to another route.</exception>
    public static string Of(string model, string? action = null)
    {
        if (model.Length > MaxName)
        {
            throw new CliFailure(
                $"the name \"{PlainText.EscapeAndCut(model, MaxShown)}\" has {model.Length} characters, and no model has more than {MaxName}", ExitCode.Usage);
        }

        string[] parts = (model == Purge ? $"{Purge}:latest" : model).Split('/');
        if (parts.Any(static part => part is "." or ".."))
            throw new CliFailure($"the name \"{model}\" has a part \".\" or \"..\", which no model has", ExitCode.Usage);
        string slash = action is null && parts[^1] == Export ? "%2F" : "/";
        string path = $"models/{string.Join(slash, parts.Select(Uri.EscapeDataString))}";
        return action is null ? path : $"{path}/{action}";
    }
}
