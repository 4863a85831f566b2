using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>Reads the name that a model of the store gets.</summary>
internal static class NewName
{
    private const int MaxShown = 200;
    private const string Surplus = "has a digest or a file, which follow from the model; leave them out";

    /// <summary>Reads it.</summary>
    /// <param name="text">The name as the client wrote it.</param>
    /// <param name="parameter">What the client calls it.</param>
    /// <exception cref="ApiException">It is no name, or has a digest or a file.</exception>
    public static ArtifactName Read(string text, string parameter) =>
        ArtifactNameParser.TryParse(text, out ArtifactName? name, out string? problem) && name is { Pin: null, File: null }
            ? name
            : throw new ApiException(ApiError.Invalid(
                $"the {parameter} \"{PlainText.EscapeAndCut(text, MaxShown)}\" {problem ?? Surplus}", parameter));
}
