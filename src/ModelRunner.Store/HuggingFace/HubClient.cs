using System.Globalization;
using System.Net;
using System.Text.Json;
using ModelRunner.Store.Http;
using ModelRunner.Store.Registries;

namespace ModelRunner.Store.HuggingFace;

/// <summary>Reads repositories of Hugging Face. Thread-safe. All methods fail with a <see cref="RemoteException"/>, whose message is for users.</summary>
/// <param name="client">Sends the requests. It is not disposed.</param>
/// <param name="retries">How often a request is sent, and how long its waits are.</param>
/// <param name="time">The clock.</param>
internal sealed class HubClient(OutgoingClient client, RegistrySettings retries, TimeProvider time)
{
    /// <summary>The largest file that Hugging Face sends by plain https, in bytes. Larger ones need the protocol xet.</summary>
    public const long MaxFileBytes = 50_000_000_000;

    private const int MaxAnswer = 4 * 1024 * 1024;
    private const int MaxPage = 16 * 1024 * 1024;
    private const int MaxPages = 100;
    private const int MaxEntries = 100_000;

    /// <summary>The commit of a branch, a tag or a commit.</summary>
    public async Task<string> FindCommitAsync(HubRepository repository, string revision, CancellationToken cancellation)
    {
        string what = revision == "main" ? repository.Name : $"the revision {Texts.Printable(revision, 80)} of {repository.Name}";
        return await ReadAsync(
            Request(repository, HttpMethod.Get, repository.Api($"revision/{Uri.EscapeDataString(revision)}"), what), MaxAnswer,
            (response, body) =>
                Read(response, what, () => RepositoryTree.ReadCommit(body)) ?? throw Unexpected(response, what, "a response without a commit"),
            cancellation);
    }

    /// <summary>The GGUF files of a commit.</summary>
    public async Task<IReadOnlyList<RepositoryFile>> ListAsync(HubRepository repository, string commit, CancellationToken cancellation)
    {
        string what = $"the list of files of {repository.Name}";
        var files = new List<RepositoryFile>();
        int all = 0;
        Uri? next = repository.Api($"tree/{commit}?recursive=true");
        for (int page = 0; next is not null; page++)
        {
            if (page == MaxPages || all > MaxEntries)
            {
                throw new RemoteException(RemoteReason.TooLarge, string.Create(
                    CultureInfo.InvariantCulture,
                    $"{what} has more than {MaxPages} pages or {MaxEntries} files, which is the limit; choose another repository"));
            }

            int entries;
            (IReadOnlyList<RepositoryFile> found, entries, next) = await ReadAsync(
                Request(repository, HttpMethod.Get, next, what), MaxPage,
                (response, body) => Read(response, what, () => RepositoryTree.ReadPage(body)) is { } list
                    ? (list.Files, list.Entries, PageLink.NextOf(response, repository.Settings.Endpoint))
                    : throw Unexpected(response, what, "a value that is no list"),
                cancellation);
            files.AddRange(found);
            all += entries;
        }

        return files;
    }

    /// <summary>Checks that a file can be fetched, before anything is written: it may be gated although its repository can be listed.</summary>
    public async Task CheckAsync(HubRepository repository, string commit, RepositoryFile file, CancellationToken cancellation)
    {
        HubRequest request = Request(repository, HttpMethod.Head, repository.FileAt(commit, file.Path), WhatOf(repository, file));
        using OutgoingResponse response = await SendAsync(
            request with { Outgoing = request.Outgoing with { ReturnsForeignRedirects = true } }, cancellation);
        if (response.Header("X-Linked-Size") is { } text && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long size)
            && size != file.Size)
            throw Unexpected(response, request.What, string.Create(CultureInfo.InvariantCulture, $"the size {size} instead of {file.Size}"));
    }

    /// <summary>Reads the beginning of a file.</summary>
    public async Task<byte[]> ReadHeadAsync(HubRepository repository, string commit, RepositoryFile file, int limit, CancellationToken cancellation)
    {
        int wanted = (int)Math.Min(limit, file.Size);
        HubRequest request = Request(repository, HttpMethod.Get, repository.FileAt(commit, file.Path), WhatOf(repository, file));
        string range = string.Create(CultureInfo.InvariantCulture, $"bytes=0-{wanted - 1}");
        using OutgoingResponse response = await SendAsync(
            request with { Outgoing = request.Outgoing with { Headers = [("Range", range)] } }, cancellation);
        bool isStart = response.Status == HttpStatusCode.OK || response.Message.Content.Headers.ContentRange?.From == 0;
        return isStart ? await client.ReadStartAsync(response, wanted, cancellation) : throw Unexpected(response, request.What, "another part of the file");
    }

    /// <summary>Begins to read a file. A failure that may pass is left to the caller, who also continues a file that breaks off.</summary>
    public async Task<RegistryBlob> OpenAsync(
        HubRepository repository, string commit, RepositoryFile file, BlobRequest blob, CancellationToken cancellation)
    {
        HubRequest request = Request(repository, HttpMethod.Get, repository.FileAt(commit, file.Path), WhatOf(repository, file));
        OutgoingResponse response = await SendAsync(
            request with
            {
                Outgoing = request.Outgoing with { Headers = BlobAnswer.HeadersFor(blob.Offset, blob.Etag) },
                LeavesTransient = true,
            },
            cancellation);
        return await BlobAnswer.OpenAsync(client, response, blob.Offset, CheckSize, cancellation);

        void CheckSize(long start)
        {
            if (response.Message.Content.Headers.ContentLength is { } length && start + length != file.Size)
                throw Unexpected(response, request.What, string.Create(CultureInfo.InvariantCulture, $"{start + length} bytes instead of {file.Size}"));
        }
    }

    private static HubRequest Request(HubRepository repository, HttpMethod method, Uri address, string what) => new(
        new OutgoingRequest(method, address) { Authorization = repository.Settings.Token is { } token ? $"Bearer {token}" : null }, what, repository.Page);

    private static string WhatOf(HubRepository repository, RepositoryFile file) => $"the file {Texts.Printable(file.Path, 120)} of {repository.Name}";

    // A connection may also break in the middle of a body.
    private Task<T> ReadAsync<T>(HubRequest request, int limit, Func<OutgoingResponse, byte[], T> read, CancellationToken cancellation) =>
        RetryRule.RepeatAsync(
            async () =>
            {
                using OutgoingResponse response = await SendOnceAsync(request, cancellation);
                return read(response, await client.ReadBodyAsync(response, limit, cancellation));
            },
            request.LeavesTransient, retries, time, cancellation);

    private Task<OutgoingResponse> SendAsync(HubRequest request, CancellationToken cancellation) =>
        RetryRule.RepeatAsync(() => SendOnceAsync(request, cancellation), request.LeavesTransient, retries, time, cancellation);

    private async Task<OutgoingResponse> SendOnceAsync(HubRequest request, CancellationToken cancellation)
    {
        OutgoingResponse response = await client.SendAsync(request.Outgoing, cancellation);
        bool isRedirect = request.Outgoing.ReturnsForeignRedirects && Redirects.Is(response.Status);
        if (response.Message.IsSuccessStatusCode || isRedirect)
            return response;
        using (response)
            throw HubProblem.Explain(response, request, time.GetUtcNow());
    }

    private static T Read<T>(OutgoingResponse response, string what, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (JsonException)
        {
            throw Unexpected(response, what, response.MediaType == "text/html" ? "a web page" : "a response that is not JSON");
        }
    }

    private static RemoteException Unexpected(OutgoingResponse response, string what, string sent) => new(
        RemoteReason.UnexpectedAnswer, $"{Origins.HostOf(response.Address)} was asked for {what} and sent {sent}; check HF_ENDPOINT and the proxy settings")
    {
        Status = response.Status,
    };
}
