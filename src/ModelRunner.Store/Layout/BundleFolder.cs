using System.Globalization;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>
/// The folder in which the parts of a model have the names that llama.cpp expects: it gets the first part and finds the others by their names.
/// The names are those of Docker Model Runner. A model of one file needs no such folder.
/// </summary>
internal static class BundleFolder
{
    // A folder that others may write to is not removed later.
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The paths that the parts of a model have in its folder, in order, whether the folder exists or not.</summary>
    public static IReadOnlyList<string> PartsOf(StoreFolder folder, Digest id, int count) =>
        [.. Enumerable.Range(1, count).Select(number => Path.Join(folder.BundleOf(id), "model", NameOf(number, count)))];

    /// <summary>Makes the folder. The lock must be held. Each name is a hard link, or a symbolic link where the file system has none.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">This user must not write there.</exception>
    public static void Make(StoreFolder folder, Digest id, IReadOnlyList<Descriptor> parts)
    {
        IReadOnlyList<string> paths = PartsOf(folder, id, parts.Count);
        Directory.CreateDirectory(Path.GetDirectoryName(paths[0])!, OnlyOwner);
        foreach ((string path, Descriptor part) in paths.Zip(parts))
        {
            string blob = folder.BlobOf(part.Digest);
            if (FileStatus.Of(path).IsSameFileAs(FileStatus.Of(blob)))
                continue;
            File.Delete(path);
            if (!HardLink.TryCreate(blob, path))
                File.CreateSymbolicLink(path, blob);
        }
    }

    private static string NameOf(int number, int count) =>
        count == 1 ? "model.gguf" : string.Create(CultureInfo.InvariantCulture, $"model-{number:00000}-of-{count:00000}.gguf");
}
