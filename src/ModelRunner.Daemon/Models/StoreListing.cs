namespace ModelRunner.Daemon.Models;

/// <summary>The result of one scan of the model store.</summary>
/// <param name="Models">The models in ordinal order of their paths.</param>
/// <param name="Problems">Folders and files that could not be read or used, one sentence each, without any absolute path.</param>
internal sealed record StoreListing(IReadOnlyList<ModelFile> Models, IReadOnlyList<string> Problems)
{
    /// <summary>The image projectors.</summary>
    public IReadOnlyList<FilePart> Projectors { get; init; } = [];
}
