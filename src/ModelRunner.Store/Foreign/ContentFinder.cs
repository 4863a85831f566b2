using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Foreign;

/// <summary>Looks for files by their digest in the stores of other tools. It opens no file and reads no list: the name of a file is its digest.</summary>
internal static class ContentFinder
{
    /// <summary>The most repositories of one cache that are looked at.</summary>
    private const int MaxRepositories = 10_000;

    /// <summary>The files of a place with these digests and sizes. It blocks as long as the disk does.</summary>
    public static IReadOnlyList<(Descriptor File, FoundContent Found)> Find(IReadOnlyList<Descriptor> files, ContentPlace place)
    {
        string[] repositories = place.Layout == ContentLayout.HuggingFace ? Repositories(place.Folder) : [];
        return
        [
            .. from file in files
               where file.Digest.Algorithm == Digest.Sha256
               from path in PathsOf(file.Digest, place, repositories)
               let found = new FoundContent(place, path, FileStatus.Of(path))
               where found.Status.IsRegular && found.Status.SizeBytes == file.Size
               select (file, found),
        ];
    }

    private static IEnumerable<string> PathsOf(Digest digest, ContentPlace place, string[] repositories) => place.Layout switch
    {
        ContentLayout.Artifacts => [Path.Join(place.Folder, "blobs", digest.Algorithm, digest.Hex)],
        ContentLayout.Ollama => [Path.Join(place.Folder, "blobs", $"sha256-{digest.Hex}"), Path.Join(place.Folder, "blobs", $"sha256:{digest.Hex}")],
        _ => repositories.Select(repository => Path.Join(repository, "blobs", digest.Hex)),
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
