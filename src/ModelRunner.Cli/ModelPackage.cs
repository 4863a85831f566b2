using ModelRunner.Client;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Archives;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Cli;

/// <summary>A model artifact that is made of files, as an archive. The files are read when it is written; nothing is copied before.</summary>
/// <param name="Files">The layers, in order.</param>
/// <param name="ConfigFile">The digest and the size of the configuration.</param>
/// <param name="Config">The configuration.</param>
/// <param name="Manifest">The manifest.</param>
internal sealed record ModelPackage(IReadOnlyList<PackagedFile> Files, Descriptor ConfigFile, byte[] Config, byte[] Manifest)
{
    private const int BufferSize = 1024 * 1024;

    // A file that is given twice is one file of the archive.
    private IEnumerable<PackagedFile> Blobs => Files.DistinctBy(static file => file.Layer.Digest);

    /// <summary>The length of the archive in bytes.</summary>
    public long Length => ModelArchive.LengthOf(null, Blobs.Select(static file => file.Layer).Append(ConfigFile), Manifest);

    /// <summary>Makes an artifact.</summary>
    /// <param name="files">The layers, in order.</param>
    /// <param name="describe">Writes the configuration for the digests of the layers.</param>
    public static ModelPackage Of(IReadOnlyList<PackagedFile> files, Func<IReadOnlyList<Digest>, byte[]> describe)
    {
        byte[] config = describe([.. files.Select(static file => file.Layer.Digest)]);
        var descriptor = new Descriptor(MediaTypes.ConfigV1, ContentHash.Of(config), config.Length);
        return new ModelPackage(files, descriptor, config, ManifestWriter.Write(descriptor, [.. files.Select(static file => file.Layer)]));
    }

    /// <summary>Writes the archive. A file that was changed since it was read is noticed by whoever loads the archive.</summary>
    /// <exception cref="CliFailure">A file can no longer be read.</exception>
    public async Task WriteAsync(Stream target, Action<int> count, CancellationToken cancellation)
    {
        await target.WriteAsync(ModelArchive.Begin(null), cancellation);
        byte[] buffer = new byte[BufferSize];
        foreach (PackagedFile file in Blobs)
        {
            await using FileStream source = RegularFile.Open(file.Path) ?? throw NotReadable(file);
            if (!await ModelArchive.TryWriteAsync(file.Layer, source, target, buffer, count, cancellation))
                throw NotReadable(file);
        }

        using var config = new MemoryStream(Config, writable: false);
        await ModelArchive.TryWriteAsync(ConfigFile, config, target, buffer, null, cancellation);
        await target.WriteAsync(ModelArchive.EndOf(Manifest), cancellation);
    }

    private static CliFailure NotReadable(PackagedFile file) => new($"\"{file.Path}\" was changed while it was packaged; try again", ExitCode.Failure);
}
