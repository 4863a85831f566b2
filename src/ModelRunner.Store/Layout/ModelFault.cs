using System.Globalization;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>
/// Why a model of a store cannot be used as its files are now. Each text is a clause that follows the name of the model: what is wrong, and what to do.
/// It looks at files and hashes none.
/// </summary>
internal static class ModelFault
{
    private const string RightToRead = "give the user of the daemon the right to read the model store";

    /// <summary>The manifest is not that of the model.</summary>
    public const string ChangedManifest = $"has a damaged manifest in the model store, whose bytes have another digest; {RepairAdvice.Text}";

    /// <summary>Why the manifest of a model cannot be used; null: no reason is known.</summary>
    /// <param name="folder">The store.</param>
    /// <param name="id">The model.</param>
    /// <param name="bytes">What was read of the manifest; null: it could not be read.</param>
    /// <param name="manifest">The manifest; null if there is a reason.</param>
    public static string? OfManifest(StoreFolder folder, Digest id, byte[]? bytes, out ArtifactManifest? manifest)
    {
        string path = folder.ManifestOf(id);
        manifest = null;
        if (folder.Damage.Contains(path))
            return NotSetAside(id);
        if (bytes is null)
            return OfMissingManifest(path);
        manifest = ManifestReader.TryRead(bytes, out string? problem);
        return problem is null ? null : $"has a damaged manifest in the model store, which {problem}; {RepairAdvice.Text}";
    }

    /// <summary>Why one of the files of a model cannot be used; null: no reason is known.</summary>
    /// <param name="folder">The store.</param>
    /// <param name="files">The files.</param>
    public static string? OfFiles(StoreFolder folder, IEnumerable<Descriptor> files)
    {
        Descriptor[] bad = [.. files.Where(file => !BlobName.Has(folder, file))];
        return bad.FirstOrDefault(file => folder.Damage.Contains(folder.BlobOf(file.Digest))) is { } known ? NotSetAside(known.Digest)
            : bad.FirstOrDefault(file => FileStatus.Of(folder.BlobOf(file.Digest)).Exists) is { } wrong ? OfFile(folder, wrong)
            : bad.Length > 0 ? OfFile(folder, bad[0])
            : null;
    }

    // A file gets its name after its last byte, so one of another size was damaged since.
    private static string OfFile(StoreFolder folder, Descriptor file)
    {
        string path = folder.BlobOf(file.Digest);
        FileStatus status = FileStatus.Of(path);
        return status.Kind switch
        {
            FileKind.Regular => string.Create(
                CultureInfo.InvariantCulture, $"has the damaged file {file.Digest}: it has {status.SizeBytes} of {file.Size} bytes; {RepairAdvice.Text}"),
            FileKind.Missing when IsSetAside(path) =>
                $"lacks the file {file.Digest} in the model store, which was damaged and is set aside; {RepairAdvice.Text}",
            FileKind.Missing => $"lacks the file {file.Digest} in the model store; {RepairAdvice.Text}",
            FileKind.Denied => $"has the file {file.Digest} in the model store, which {PathProblem.Denied}; {RightToRead}",
            _ => $"has the file {file.Digest} in the model store, which {PathProblem.OfFile(path)}; remove what has its name, then {RepairAdvice.Text}",
        };
    }

    private static string OfMissingManifest(string path)
    {
        FileStatus status = FileStatus.Of(path);
        string problem = PathProblem.OfFile(path);
        if (status.IsRegular && status.SizeBytes > ManifestReader.MaxBytes)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"has a manifest of {status.SizeBytes} bytes in the model store, and at most {ManifestReader.MaxBytes} are read; remove the model, "
                + $"then {RepairAdvice.Text}");
        }

        return status.Kind == FileKind.Missing
            ? $"lacks its manifest in the model store{(IsSetAside(path) ? ", which was damaged and is set aside" : "")}; {RepairAdvice.Text}"
            : $"has a manifest in the model store that {problem}; "
                + (problem == PathProblem.Denied ? RightToRead : $"remove the cause, or {RepairAdvice.Text}");
    }

    private static string NotSetAside(Digest file) =>
        $"has the damaged file {file} in the model store, which could not be set aside; verify the model until it is set aside, then {RepairAdvice.Text}";

    private static bool IsSetAside(string path) => FileStatus.OfLink(path + StoreFolder.DamagedEnding).Exists;
}
