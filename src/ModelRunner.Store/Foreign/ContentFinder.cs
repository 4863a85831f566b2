using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Foreign;

/// <summary>
/// Looks for files in the stores of other tools, by their digest where it is the name of a file, else by their size. It opens no file and reads no list.
/// </summary>
internal static class ContentFinder
{
    /// <summary>The most repositories of one cache that are looked at.</summary>
    private const int MaxRepositories = 10_000;

    /// <summary>The most files of one folder whose size is compared.</summary>
    private const int MaxFiles = 10_000;

    /// <summary>The most files of the same size that are tried: each one that has other bytes costs a read.</summary>
    private const int MaxOfOneSize = 3;

    /// <summary>The smallest file that is found by its size. A smaller one is downloaded in no time, and many have its size.</summary>
    private const long MinBytes = 256 * 1024;

    /// <summary>The files of a place with these digests and sizes. It blocks as long as the disk does.</summary>
    public static IReadOnlyList<(Descriptor File, FoundContent Found)> Find(IReadOnlyList<Descriptor> files, ContentPlace place)
    {
        if (!place.HasDigests)
            return FindBySize([.. files.Where(static file => file.Size >= MinBytes && file.Digest.Algorithm == Digest.Sha256)], place);
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

    private static (Descriptor File, FoundContent Found)[] FindBySize(IReadOnlyList<Descriptor> files, ContentPlace place)
    {
        if (files.Count == 0)
            return [];
        ILookup<long, FoundContent> found = Models(place).Select(path => new FoundContent(place, path, FileStatus.Of(path)))
            .Where(static found => found.Status.IsRegular).ToLookup(static found => found.Status.SizeBytes);
        return [.. files.SelectMany(file => found[file.Size].Take(MaxOfOneSize).Select(found => (file, found)))];
    }

    private static string[] Models(ContentPlace place)
    {
        var search = new EnumerationOptions
        {
            RecurseSubdirectories = place.Layout == ContentLayout.LmStudio, MaxRecursionDepth = 3, AttributesToSkip = FileAttributes.ReparsePoint,
            MatchCasing = MatchCasing.CaseInsensitive,
        };
        try
        {
            return [.. Directory.EnumerateFiles(place.Folder, "*.gguf", search).Take(MaxFiles)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
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
