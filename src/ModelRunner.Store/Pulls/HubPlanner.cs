using System.Globalization;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Http;
using ModelRunner.Store.HuggingFace;
using ModelRunner.Store.Names;
using ModelRunner.Store.Registries;

namespace ModelRunner.Store.Pulls;

/// <summary>Asks Hugging Face which files a model has, and makes the artifact that stands for them.</summary>
/// <param name="client">Reads repositories.</param>
/// <param name="read">Reads the endpoint and the token, before each pull.</param>
/// <param name="fit">Says which models fit into the memory; null: all.</param>
internal sealed class HubPlanner(HubClient client, Func<HubSettings> read, IMemoryFit? fit)
{
    // Vocabularies come before the tensors in a header. The largest ones take about 20 MiB.
    private static readonly int[] HeadSizes = [8 << 20, 24 << 20];

    /// <summary>Chooses the files of a model.</summary>
    /// <exception cref="RemoteException">They cannot be found, or must not be fetched.</exception>
    /// <exception cref="UnsupportedModelException">No model of the repository can be served.</exception>
    public async Task<PullPlan> PlanAsync(Pull pull, CancellationToken cancellationToken)
    {
        ArtifactName name = pull.Name;
        HubSettings settings = read();
        if (settings.IsOffline)
        {
            throw new RemoteException(
                RemoteReason.Unreachable, $"{name.WrittenRepository} was not fetched: HF_HUB_OFFLINE forbids requests to Hugging Face; remove the variable");
        }

        if (name.Pin is not null)
        {
            throw new UnsupportedModelException(
                $"{name.WrittenRepository} cannot be pulled by a digest, because Hugging Face has no manifests; write the address of a file with its commit");
        }

        pull.Say("Fetching file list...");
        var repository = new HubRepository(settings with { Token = pull.Token ?? settings.Token }, name.WrittenRepository);
        string commit = await client.FindCommitAsync(repository, name.File?.Revision ?? HubFile.Main, cancellationToken);
        RepositoryModels models = RepositoryModels.Of(await client.ListAsync(repository, commit, cancellationToken));
        if (models.Models.Count == 0)
        {
            throw new UnsupportedModelException(
                $"{name.WrittenRepository} has no GGUF file; llama.cpp loads GGUF files only: look for a repository with -GGUF in its name");
        }

        RepositoryModel model = await ChooseAsync(pull, repository, commit, models, cancellationToken);
        if (model.Problem is { } problem)
            throw new UnsupportedModelException($"{model.Tag} of {name.WrittenRepository} {problem}");

        // An address names exactly one model.
        IEnumerable<RepositoryFile> projectors = models.Projectors.Where(static file => file.Digest is not null);
        RepositoryFile? projector = name.File is null ? ProjectorRule.Choose(projectors, model.Path) : null;
        await client.CheckAsync(repository, commit, model.Files[0], cancellationToken);
        return Make(pull, repository, commit, model, projector, models.Models.Count == 1);
    }

    private PullPlan Make(Pull pull, HubRepository repository, string commit, RepositoryModel model, RepositoryFile? projector, bool isOnly)
    {
        ArtifactName name = pull.Name;
        IEnumerable<RepositoryFile> all = projector is null ? model.Files : model.Files.Append(projector);
        var files = all.DistinctBy(static file => file.Digest).ToDictionary(static file => file.Digest!.Value);
        string count = files.Count == 1 ? "1 file" : string.Create(CultureInfo.InvariantCulture, $"{files.Count} files");
        pull.Say($"Found {count} ({FileSizeText.Format(files.Values.Sum(static file => file.Size))} total)");

        HubArtifact artifact = HubArtifact.Make(model, projector, name.File is { Revision: not HubFile.Main } file ? file.Revision : null);
        Digest config = ContentHash.Of(artifact.Config);
        ArtifactManifest manifest = ManifestReader.TryRead(artifact.Manifest, out string? problem)
            ?? throw new UnsupportedModelException($"{name.WrittenRepository} has too many files: its manifest {problem}");
        return new PullPlan(artifact.Manifest, manifest, OpenAsync) { Name = name with { Tag = HubTag.Of(name, model, isOnly), HasWrittenTag = true } };

        async Task<RegistryBlob> OpenAsync(BlobRequest request, CancellationToken cancellationToken)
        {
            if (request.Digest != config)
                return await client.OpenAsync(repository, commit, files[request.Digest], request, cancellationToken);
            var body = new MemoryStream(artifact.Config, writable: false) { Position = request.Offset };
            return new RegistryBlob(body, request.Offset, null, Origins.HostOf(repository.Settings.Endpoint)) { Response = body };
        }
    }

    private async Task<RepositoryModel> ChooseAsync(
        Pull pull, HubRepository repository, string commit, RepositoryModels models, CancellationToken cancellationToken)
    {
        if (pull.Name.File is not null)
            return ModelChoice.ByFile(models, pull.Name);
        if (HubTag.IsWritten(pull.Name))
            return ModelChoice.ByTag(models.Models, pull.Name);
        RepositoryModel[] usable = [.. models.Models.Where(static model => model.Problem is null)];
        if (models.Models.Count == 1 || usable.Length == 0)
            return models.Models[0];

        RepositoryModel wanted = QuantizationRank.Order(usable).First();
        RepositoryModel chosen = await ChooseDefaultAsync(pull, repository, commit, models, usable, wanted, cancellationToken);
        pull.Say(ModelChoice.Describe(models.Models, chosen, wanted));
        return chosen;
    }

    private async Task<RepositoryModel> ChooseDefaultAsync(
        Pull pull, HubRepository repository, string commit, RepositoryModels models, RepositoryModel[] usable, RepositoryModel wanted,
        CancellationToken cancellationToken)
    {
        if (fit?.LimitBytes is not { } limit)
            return wanted;

        // All models of a repository have the same shape, so one header says what each one needs beside its weights.
        pull.Say($"Reading the header of {wanted.Files[0].Path} to see what fits into the memory...");
        byte[] head = await ReadHeadAsync(repository, commit, wanted.Files[0], cancellationToken);
        return ModelChoice.Default(usable, NeedOf, limit) ?? throw new UnsupportedModelException(DescribeTooLarge());

        long NeedOf(RepositoryModel model)
        {
            long weights = model.Size + (ProjectorRule.Choose(models.Projectors, model.Path)?.Size ?? 0);
            return fit.NeedOf(head, wanted.Files[0].Size, weights) ?? weights;
        }

        string DescribeTooLarge()
        {
            RepositoryModel smallest = usable.MinBy(static model => model.Size)!;
            return $"no quantization of {repository.Name} fits into the memory of this machine: the smallest one, {smallest.Tag}, needs "
                + $"{FileSizeText.Format(NeedOf(smallest))}, and models may use {FileSizeText.Format(limit)}; "
                + $"write hf.co/{repository.Name}:{smallest.Tag} to pull it all the same";
        }
    }

    // Without a header the sizes of the files must do.
    private async Task<byte[]> ReadHeadAsync(HubRepository repository, string commit, RepositoryFile file, CancellationToken cancellationToken)
    {
        try
        {
            foreach (int size in HeadSizes)
            {
                byte[] head = await client.ReadHeadAsync(repository, commit, file, size, cancellationToken);
                if (fit!.NeedOf(head, file.Size, file.Size) is not null || head.Length >= file.Size)
                    return head;
            }
        }
        catch (RemoteException failure) when (failure.Reason is not (RemoteReason.Denied or RemoteReason.Unauthorized))
        {
            // A failure that stays shows when the file is fetched.
        }

        return [];
    }
}
