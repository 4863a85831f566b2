using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Foreign;

/// <summary>Looks for files by their digest in the stores of other tools. It opens no file and reads no list: the name of a file is its digest.</summary>
internal static class ContentFinder
{
    /// <summary>The most repositories of one cache that are looked at.</summary>
    private const int MaxRepositories = 10_000;

    /// <summary>The files with this digest and this size, in the order of the places. It blocks as long as their disks do.</summary>
    public static IReadOnlyList<FoundContent> Find(Descriptor file, IReadOnlyList<ContentPlace> places) => file.Digest.Algorithm != Digest.Sha256 ? [] :
    [
        .. places.SelectMany(place => PathsOf(file.Digest, place).Select(path => new FoundContent(place.Tool, path, FileStatus.Of(path))))
            .Where(found => found.Status.IsRegular && found.Status.SizeBytes == file.Size),
    ];

    private static IEnumerable<string> PathsOf(Digest digest, ContentPlace place) => place.Layout switch
    {
        ContentLayout.Artifacts => [Path.Join(place.Folder, "blobs", digest.Algorithm, digest.Hex)],
        ContentLayout.Ollama => [Path.Join(place.Folder, "blobs", $"sha256-{digest.Hex}"), Path.Join(place.Folder, "blobs", $"sha256:{digest.Hex}")],
        _ => Repositories(place.Folder).Select(repository => Path.Join(repository, "blobs", digest.Hex)),
    };

    private static string[] Repositories(string folder)
    {
        try
        {
            return [.. Directory.EnumerateDirectories(folder, "models--*").Take(MaxRepositories)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
