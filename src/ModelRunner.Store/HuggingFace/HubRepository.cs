using ModelRunner.Store.Names;

namespace ModelRunner.Store.HuggingFace;

/// <summary>A repository of Hugging Face, and how it is asked.</summary>
/// <param name="Settings">The endpoint and the token.</param>
/// <param name="Name"><c>ORG/REPO</c> with its case. It has no character that an address would have to escape.</param>
internal sealed record HubRepository(HubSettings Settings, string Name)
{
    /// <summary>The page that a person opens.</summary>
    public string Page => new Uri(Settings.Endpoint, Name).GetLeftPart(UriPartial.Path);

    /// <summary>An address of the API.</summary>
    /// <param name="rest">What follows the name, escaped.</param>
    public Uri Api(string rest) => new(Settings.Endpoint, $"api/models/{Name}/{rest}");

    /// <summary>The address of a file.</summary>
    public Uri FileAt(string commit, string path) => new(Settings.Endpoint, $"{Name}/resolve/{new HubFile(commit, path).Escaped}");
}
