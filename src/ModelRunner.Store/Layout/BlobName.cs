using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;

namespace ModelRunner.Store.Layout;

/// <summary>Gives verified files their final names.</summary>
internal static class BlobName
{
    /// <summary>
    /// Gives a file its final name, if no whole file has it. Of two writers of the same bytes, the file of the first one stays: a runner that has loaded it
    /// would else be stopped as one whose file was replaced. A file of a wrong size, and one that is known to be
    /// damaged, are replaced.
    /// </summary>
    /// <param name="folder">The store.</param>
    /// <param name="file">The file, whose bytes are verified and on the disk.</param>
    /// <param name="path">Where it is. It is not there any more afterwards.</param>
    /// <exception cref="IOException">It cannot be renamed or removed.</exception>
    public static void Give(StoreFolder folder, Descriptor file, string path)
    {
        string final = folder.BlobOf(file.Digest);
        if (!ExclusiveRename.TryMove(path, final))
        {
            if (Has(folder, file))
                File.Delete(path);
            else
                File.Move(path, final, overwrite: true);
        }

        DurableFile.FlushFolder(Path.GetDirectoryName(final)!);
        File.Delete(final + StoreFolder.DamagedEnding);
    }

    /// <summary>Whether a file has its name and its size, and is not known to be damaged.</summary>
    public static bool Has(StoreFolder folder, Descriptor file)
    {
        FileStatus status = FileStatus.Of(folder.BlobOf(file.Digest));
        return status.IsRegular && status.SizeBytes == file.Size && !folder.Damage.Contains(status);
    }
}
