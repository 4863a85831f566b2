using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Http.Headers;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Http;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Registries;

namespace ModelRunner.Store.Pushes;

/// <summary>Sends models of the store to registries. A limited number runs at once, and a limited number waits. Safe to call from any thread.</summary>
/// <param name="store">The store.</param>
[SuppressMessage("Design", "CA1001", Justification = "Semaphores without handles hold only memory, and what ends late still releases them.")]
internal sealed class PushRunner(ModelStore store)
{
    /// <summary>Pushes that run at once.</summary>
    public const int MaxPushes = 2;

    /// <summary>Pushes that wait; another one is refused.</summary>
    public const int MaxWaiting = 16;

    private const int MaxFilesOfPush = 4;

    private readonly SemaphoreSlim _slots = new(MaxPushes);
    private int _present;

    /// <summary>What pushes did.</summary>
    public PushCounters Counters { get; } = new();

    /// <summary>Runs one push to its end.</summary>
    /// <param name="push">The push.</param>
    /// <param name="registries">The client, with the credentials of whoever pushes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<PushOutcome> RunAsync(Push push, RegistryClient registries, CancellationToken cancellationToken)
    {
        PushOutcome outcome = await RunInTurnAsync(push, registries, cancellationToken);
        Counters.End(outcome.Result);
        return outcome;
    }

    private async Task<PushOutcome> RunInTurnAsync(Push push, RegistryClient registries, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _present) > MaxPushes + MaxWaiting)
        {
            Interlocked.Decrement(ref _present);
            return new PushOutcome(PushResult.Busy, string.Create(
                CultureInfo.InvariantCulture, $"{MaxPushes} pushes run and {MaxWaiting} wait, which is the limit; push again later"));
        }

        try
        {
            await _slots.WaitAsync(cancellationToken);
            try
            {
                await RunNowAsync(push, registries, cancellationToken);
                return new PushOutcome(PushResult.Success, "Model pushed successfully");
            }
            finally
            {
                _slots.Release();
            }
        }
        catch (Exception failure) when (PushFailure.Explain(failure, cancellationToken.IsCancellationRequested) is { } outcome)
        {
            return outcome;
        }
        finally
        {
            Interlocked.Decrement(ref _present);
        }
    }

    private async Task RunNowAsync(Push push, RegistryClient registries, CancellationToken cancellationToken)
    {
        push.Begin();
        if (push.Name.IsOnHuggingFace)
        {
            throw new UnsupportedModelException(
                $"{push.Name} is a name of Hugging Face, which takes no pushes; give the model the name of a registry first (tag)");
        }

        using HeldModel model = HeldModel.Open(store, push.Id, push.Name.ToString());
        FileProgress[] files = [.. model.Manifest.Files.Select(static file => new FileProgress(file))];
        push.Show(files);
        StoreIndex index = store.Read();
        await Parallel.ForEachAsync(
            files, new ParallelOptions { MaxDegreeOfParallelism = MaxFilesOfPush, CancellationToken = cancellationToken },
            async (file, token) => await SendAsync(push, file, FindMount(index, push.Name, file.File.Digest), registries, token));
        await registries.PutManifestAsync(push.Name, push.Name.Tag, model.Bytes, MediaTypeOf(model.Bytes), cancellationToken);
    }

    private async Task SendAsync(Push push, FileProgress progress, string? mountFrom, RegistryClient registries, CancellationToken cancellationToken)
    {
        string path = store.Folder.BlobOf(progress.File.Digest);
        long counted = 0;
        var upload = new BlobUpload(progress.File.Digest, progress.File.Size, () => new CheckedStream(OpenFile(path), progress.File))
        {
            MountFrom = mountFrom,
            Sent = bytes =>
            {
                push.Accept();
                progress.Reach(bytes);

                // A further attempt sends the file from its beginning.
                Counters.Send(bytes < counted ? bytes : bytes - counted);
                counted = bytes;
            },
        };
        try
        {
            await registries.PutBlobAsync(push.Name, upload, cancellationToken);
        }
        catch (RemoteException failure) when (mountFrom is not null
            && failure.Reason is RemoteReason.Unauthorized or RemoteReason.Denied or RemoteReason.NotFound or RemoteReason.Rejected)
        {
            // The user may have no right to read the other repository. That says nothing about this one.
            await registries.PutBlobAsync(push.Name, upload with { MountFrom = null }, cancellationToken);
        }

        progress.Reach(progress.File.Size);
    }

    // A model of the same registry that has the file was pulled from there or pushed to it, so the registry has it in that repository.
    private static string? FindMount(StoreIndex index, ArtifactName target, Digest file) => index.Entries
        .Where(entry => entry.Files.Contains(file))
        .SelectMany(static entry => entry.Tags)
        .Select(static tag => ArtifactNameParser.TryParse(tag, out ArtifactName? name, out _) ? name : null)
        .FirstOrDefault(name => name is not null && name.Registry == target.Registry && name.Repository != target.Repository)?.Repository;

    private static FileStream OpenFile(string path) => new(
        path,
        new FileStreamOptions
        {
            Options = FileOptions.Asynchronous | FileOptions.SequentialScan, BufferSize = 0, Share = FileShare.ReadWrite | FileShare.Delete,
        });

    // Some tools leave the member out. Then it is the type that all of them mean.
    private static string MediaTypeOf(byte[] manifest) => JsonDocuments.Read(manifest, static root =>
        JsonDocuments.Text(root, "mediaType") is { Length: > 0 } text && MediaTypeHeaderValue.TryParse(text, out _)
            ? text
            : MediaTypes.OciManifest);
}
