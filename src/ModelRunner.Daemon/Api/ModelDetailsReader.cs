using System.Text;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// Reads what is told about one model: its files, its licences and when it was packed. It reads on threads that may block, for a limited time.
/// </summary>
internal sealed class ModelDetailsReader(ModelPulls pulls, TimeProvider time)
{
    private const int MaxTitle = 120;
    private const int MaxLicense = 1024 * 1024;
    private const int MaxLicenses = 16;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The list of the store; empty if it cannot be read in time.</summary>
    public async Task<StoreIndex> ReadIndexAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(pulls.Store.Read, StoreIndex.Empty, cancellationToken);
        }
        catch (StoreException)
        {
            // The problems of the list of models name it.
            return StoreIndex.Empty;
        }
    }

    /// <summary>Reads about a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="entry">The same in the store; null: it was not pulled.</param>
    /// <param name="withText">Whether the whole texts of the licences are wanted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<ModelDetails> ReadAsync(ModelEntry model, StoreEntry? entry, bool withText, CancellationToken cancellationToken) => ReadAsync(
        () => entry is not null && ManifestFile.Read(pulls.Store.Folder, entry.Id) is { } manifest ? ReadArtifact(manifest, withText) : ReadFiles(model),
        new ModelDetails([]), cancellationToken);

    /// <summary>The files of an artifact.</summary>
    public static IReadOnlyList<ModelDetailsFile> FilesOf(ArtifactManifest manifest) => [.. manifest.Files.Select(static file =>
        new ModelDetailsFile(RoleText.Of(file), file.Size) { Digest = file.Digest, Name = file.FilePath, MediaType = file.MediaType })];

    private ModelDetails ReadArtifact(ArtifactManifest manifest, bool withText)
    {
        byte[] config = ManifestFile.ReadConfigBytes(pulls.Store.Folder, manifest) ?? [];
        return new ModelDetails(FilesOf(manifest))
        {
            Packed = ConfigReader.Read(config).Created,
            Metadata = ConfigReader.ReadMetadata(config),
            Licenses =
            [
                .. manifest.LayersOf(LayerRole.License).DistinctBy(static layer => layer.Digest).Take(MaxLicenses)
                    .Select(layer => ReadLicense(layer, withText)),
            ],
        };
    }

    private ModelDetailsLicense ReadLicense(Descriptor layer, bool withText)
    {
        try
        {
            using FileStream? file = RegularFile.Open(pulls.Store.Folder.BlobOf(layer.Digest));
            if (file is null)
                return new ModelDetailsLicense(layer.Digest, "", null, "its file is missing");
            byte[] bytes = new byte[Math.Min(file.Length, MaxLicense)];
            string text = Encoding.UTF8.GetString(bytes.AsSpan(0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)));
            string title = text.Split('\n').Select(static line => line.Trim()).FirstOrDefault(static line => line.Length > 0) ?? "";
            string? problem = ProblemOf(file.Length, layer.Digest);
            return new ModelDetailsLicense(layer.Digest, PlainText.EscapeAndCut(title, MaxTitle), withText && problem is null ? text : null, problem);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new ModelDetailsLicense(layer.Digest, "", null, "its file cannot be read");
        }
    }

    private static string? ProblemOf(long length, Digest digest) => length switch
    {
        0 => "it is empty",
        > MaxLicense => $"it has {FileSizeText.Format(length)}, and at most 1 MiB is shown; "
            + $"the whole text is the file blobs/{digest.Algorithm}/{digest.Hex} of the model store",
        _ => null,
    };

    private static ModelDetails ReadFiles(ModelEntry model)
    {
        IEnumerable<(string Role, string Path)> files = model.Path is null ? [] : ShardName.TryParse(model.Path, out ShardName name)
            ? name.AllPaths().Select(static path => ("weights", path))
            : [("weights", model.Path)];
        if (model.ProjectorPath is { } projector)
            files = files.Append(("projector", projector));
        files = files.Concat(model.Adapters.Select(static path => ("adapter", path)));
        return new ModelDetails([.. files.Select(static file =>
        {
            FileStatus status = FileStatus.Of(file.Path);
            return new ModelDetailsFile(file.Role, status.IsRegular ? status.SizeBytes : null) { Name = Path.GetFileName(file.Path) };
        })]);
    }

    private async Task<T> ReadAsync<T>(Func<T> read, T missing, CancellationToken cancellationToken)
    {
        Task<T> reading = FileThreads.Shared.RunAsync(null, read);
        if (!reading.IsCompleted)
            await Task.WhenAny(reading, Task.Delay(Patience, time, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        return reading.IsCompleted ? await reading : missing;
    }
}
