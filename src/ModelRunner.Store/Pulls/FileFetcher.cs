using System.Buffers;
using System.Text;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Http;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Registries;

namespace ModelRunner.Store.Pulls;

/// <summary>
/// Fetches one file into the store: from where an earlier attempt ended, with new attempts while bytes come, and with one new beginning if the bytes
/// are wrong. It ends with a verified file or with a named error. Safe to call from any thread.
/// </summary>
internal sealed class FileFetcher(
    ModelStore store, PullSettings settings, PullCounters counters, TimeProvider time, ContentAdoption? adoption = null)
{
    private const int BufferSize = 256 * 1024;
    private const int MaxShownStart = 60;

    // The last bytes may be guessable. So the server must send at least 1 MiB.
    private const int MinFetched = 1024 * 1024;

    private static readonly TimeSpan WriterPatience = TimeSpan.FromMilliseconds(200);

    /// <summary>Fetches a file, unless it is there.</summary>
    /// <param name="progress">The file, and where its progress is shown.</param>
    /// <param name="open">Opens it.</param>
    /// <param name="repository">
    /// The repository, with its registry, that must send the file even if it is here: that proves that whoever controls it has the file. Null: there is none.
    /// </param>
    /// <param name="rate">Limits the bytes per second.</param>
    /// <param name="cancellationToken">Ends the fetch. What was written is kept.</param>
    /// <exception cref="RemoteException">The server did not send it.</exception>
    /// <exception cref="StoreException">There is no space, or the bytes were wrong twice.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public async Task FetchAsync(FileProgress progress, FileOpener open, string? repository, FetchRate rate, CancellationToken cancellationToken)
    {
        Descriptor file = progress.File;
        bool isFetched = false;
        while (!store.Has(file))
        {
            using PartialBlob? blob = PartialBlob.TryOpen(store.Folder, file, repository);
            if (blob is null)
            {
                // Another process fetches it.
                progress.Reach(PartialBlob.LengthOf(store.Folder, file, repository));
                await Task.Delay(WriterPatience, time, cancellationToken);
                continue;
            }

            if (repository is null && adoption is not null && await adoption.TryAdoptAsync(blob, progress, cancellationToken))
                break;
            blob.Reserve();
            await blob.ContinueAsync(_ => progress.Reach(blob.Length), cancellationToken);
            if (repository is not null && blob.Missing < MinFetched)
                blob.Restart();
            await FetchAsync(blob, progress, open, rate, cancellationToken);
            isFetched = true;
        }

        if (repository is not null && !isFetched)
        {
            using var proof = new BlobProof(file);
            await FetchAsync(proof, progress, open, rate, cancellationToken);
        }

        progress.Reach(file.Size);
    }

    private async Task FetchAsync(IBlobTarget blob, FileProgress progress, FileOpener open, FetchRate rate, CancellationToken cancellationToken)
    {
        bool isSecond = false;
        while (true)
        {
            try
            {
                await ReceiveAllAsync(blob, progress, new BlobRequest(progress.File.Digest) { SkipMirrors = isSecond }, open, rate, cancellationToken);
                blob.Complete();
                return;
            }
            catch (StoreException failure) when (failure.Reason == StoreErrorReason.WrongBytes)
            {
                if (isSecond)
                {
                    throw new StoreException(
                        StoreErrorReason.WrongBytes,
                        $"{failure.Message}, twice; a proxy or VPN may change the bytes, or the file on the server is damaged", failure);
                }

                isSecond = true;
                blob.Restart();
            }
        }
    }

    private async Task ReceiveAllAsync(
        IBlobTarget blob, FileProgress progress, BlobRequest request, FileOpener open, FetchRate rate, CancellationToken cancellationToken)
    {
        int tries = 0;
        long most = blob.Length;
        bool hasDropped = false;
        while (blob.Missing > 0)
        {
            try
            {
                await using RegistryBlob body = await open(request with { Offset = blob.Length }, cancellationToken);
                await ReceiveAsync(blob, body, progress, rate, cancellationToken);
                if (blob.Missing == 0)
                    return;
                throw new RemoteException(
                    RemoteReason.ConnectionLost, $"{body.Host} ended the file {progress.File.Digest.Short} {blob.Missing} bytes too early; "
                    + "what was fetched is kept: pull again to continue");
            }
            catch (RemoteException failure) when (failure.Reason == RemoteReason.NoSuchRange && !hasDropped)
            {
                hasDropped = true;
                blob.Restart();
                most = 0;
            }
            catch (RemoteException failure) when (failure.IsTransient || failure.Reason == RemoteReason.Unreachable)
            {
                // A server that begins again each time brings no progress, although bytes come.
                tries = blob.Length > most ? 1 : tries + 1;
                most = Math.Max(most, blob.Length);
                if (tries >= settings.MaxTries || WaitAfter(tries, failure) is not { } wait)
                    throw;
                await Task.Delay(wait, time, cancellationToken);
            }
        }
    }

    // Null: the server asks for a longer wait than a user accepts; its message says until when.
    private TimeSpan? WaitAfter(int tries, RemoteException failure)
    {
        var wait = TimeSpan.FromTicks(Math.Min(settings.MaxWait.Ticks, settings.FirstWait.Ticks << (tries - 1)));
        if (failure.RetryAt is not { } at)
            return wait;
        TimeSpan asked = at - time.GetUtcNow();
        return asked > settings.MaxAskedWait ? null : asked > wait ? asked : wait;
    }

    private async Task ReceiveAsync(
        IBlobTarget blob, RegistryBlob body, FileProgress progress, FetchRate rate, CancellationToken cancellationToken)
    {
        // A server that does not send parts begins again.
        if (body.Start != blob.Length)
            blob.Restart();

        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            while (await body.Body.ReadAsync(buffer.AsMemory(0, rate.ReadSize(BufferSize)), cancellationToken) is > 0 and var read)
            {
                counters.Receive(read);
                CheckStart(blob, progress.File, buffer.AsSpan(0, read));
                await blob.AppendAsync(buffer.AsMemory(0, read), cancellationToken);
                progress.Reach(blob.Length);
                await rate.PayAsync(read, cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // A page of a proxy instead of a file of many gigabytes shows in its first bytes.
    private static void CheckStart(IBlobTarget blob, Descriptor file, ReadOnlySpan<byte> start)
    {
        if (blob.Length != 0 || start.Length < 4 || file.MediaType != MediaTypes.Gguf || start.StartsWith("GGUF"u8))
            return;
        string shown = Texts.Printable(Encoding.Latin1.GetString(start[..Math.Min(start.Length, MaxShownStart)]), MaxShownStart);
        throw new StoreException(StoreErrorReason.WrongBytes, $"the file {file.Digest.Short} begins with \"{shown}\" and is no GGUF file");
    }
}
