using System.Net;
using System.Net.Http.Headers;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Http;
using ModelRunner.Store.Names;
using ModelRunner.Store.Registries.Access;

namespace ModelRunner.Store.Registries;

/// <summary>Writes to registries. A file is sent in one request, because registries differ in what they do with parts.</summary>
internal sealed class RegistryUploads(RegistryLookup lookup, RegistrySender sender, RegistrySettings settings, TimeProvider time)
{
    /// <summary>Whether a repository has a file.</summary>
    public async Task<bool> HasBlobAsync(ArtifactName name, Digest digest, CancellationToken cancellation)
    {
        RegistryEndpoint endpoint = await lookup.FindAsync(name.Registry, cancellation);
        var outgoing = new OutgoingRequest(HttpMethod.Head, endpoint.AddressOf(name.Repository, $"blobs/{digest}"));
        var request = new RegistryRequest(endpoint, outgoing, RegistryScopes.Push(name.Repository), $"the file {digest.Short} of {name}")
        {
            MayBeMissing = true,
        };
        using OutgoingResponse response = await sender.SendAsync(request, cancellation);
        return response.Status == HttpStatusCode.OK;
    }

    /// <summary>Stores a file that is not there yet.</summary>
    public async Task<UploadOutcome> PutBlobAsync(ArtifactName name, BlobUpload upload, CancellationToken cancellation)
    {
        if (await HasBlobAsync(name, upload.Digest, cancellation))
            return UploadOutcome.WasThere;
        RegistryEndpoint endpoint = await lookup.FindAsync(name.Registry, cancellation);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await PutOnceAsync(endpoint, name, upload, cancellation);
            }
            catch (RemoteException failure) when (RetryRule.WaitAfter(failure, attempt, settings, time.GetUtcNow()) is { } wait)
            {
                settings.Notify($"the upload of {upload.Digest.Short} begins again: {failure.Message}");
                await Task.Delay(wait, time, cancellation);
            }
        }
    }

    /// <summary>Stores a manifest under a tag or its digest. Its files must be there.</summary>
    /// <returns>Its digest.</returns>
    public async Task<Digest> PutManifestAsync(
        ArtifactName name, string reference, ReadOnlyMemory<byte> bytes, string mediaType, CancellationToken cancellation)
    {
        if (bytes.Length > ManifestReader.MaxBytes)
            throw new RemoteException(RemoteReason.TooLarge, $"the manifest of {name} has {bytes.Length} bytes; registries take {ManifestReader.MaxBytes}");
        RegistryEndpoint endpoint = await lookup.FindAsync(name.Registry, cancellation);
        var outgoing = new OutgoingRequest(HttpMethod.Put, endpoint.AddressOf(name.Repository, $"manifests/{reference}"))
        {
            Body = () => new ReadOnlyMemoryContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(mediaType) } },
        };
        var request = new RegistryRequest(endpoint, outgoing, RegistryScopes.Push(name.Repository), $"the push of {name}");
        using OutgoingResponse response = await sender.SendAsync(request, cancellation);
        Digest digest = ContentHash.Of(bytes.Span);
        if (Digest.TryParse(response.Header("Docker-Content-Digest"), out Digest stored) && stored.Algorithm == digest.Algorithm && stored != digest)
            throw new RemoteException(
                RemoteReason.DigestMismatch, $"{endpoint.Host} stored the manifest of {name} as {stored} instead of {digest}; a proxy may change the data");
        return digest;
    }

    private async Task<UploadOutcome> PutOnceAsync(RegistryEndpoint endpoint, ArtifactName name, BlobUpload upload, CancellationToken cancellation)
    {
        Uri? location = await BeginAsync(endpoint, name, upload, cancellation);
        if (location is null)
            return UploadOutcome.Mounted;

        var outgoing = new OutgoingRequest(HttpMethod.Put, WithDigest(location, upload.Digest)) { Body = () => new UploadContent(upload) };
        using OutgoingResponse response = await sender.SendAsync(RequestFor(endpoint, name, upload, outgoing) with { IsRepeated = false }, cancellation);
        return response.Status is HttpStatusCode.Created or HttpStatusCode.OK or HttpStatusCode.NoContent ? UploadOutcome.Sent : throw new RemoteException(
            RemoteReason.UnexpectedAnswer, $"{endpoint.Host} answered {(int)response.Status} to the upload of {upload.Digest.Short}, which was not stored")
        {
            Status = response.Status,
        };
    }

    // Null: the registry has taken the file from the other repository. If it has not, it begins an upload all the same.
    private async Task<Uri?> BeginAsync(RegistryEndpoint endpoint, ArtifactName name, BlobUpload upload, CancellationToken cancellation)
    {
        string query = upload.MountFrom is null ? "" : $"?mount={Uri.EscapeDataString(upload.Digest.ToString())}&from={Uri.EscapeDataString(upload.MountFrom)}";
        Uri address = endpoint.AddressOf(name.Repository, $"blobs/uploads/{query}");
        var outgoing = new OutgoingRequest(HttpMethod.Post, address) { Body = static () => new ByteArrayContent([]) };
        using OutgoingResponse response = await sender.SendAsync(RequestFor(endpoint, name, upload, outgoing) with { IsRepeated = false }, cancellation);
        if (response.Status == HttpStatusCode.Created && upload.MountFrom is not null)
            return null;
        if (response.Status == HttpStatusCode.Accepted && response.Message.Headers.Location is { } location)
            return new Uri(response.Address, location);
        throw new RemoteException(
            RemoteReason.UnexpectedAnswer, $"{endpoint.Host} answered {(int)response.Status} to the beginning of an upload, without an address for it")
        {
            Status = response.Status,
        };
    }

    private static RegistryRequest RequestFor(RegistryEndpoint endpoint, ArtifactName name, BlobUpload upload, OutgoingRequest outgoing)
    {
        RegistryScopes scopes = RegistryScopes.Push(name.Repository);
        if (upload.MountFrom is { } from)
            scopes = scopes.With(RegistryScopes.Pull(from));
        return new RegistryRequest(endpoint, outgoing, scopes, $"the push of the file {upload.Digest.Short} to {name}");
    }

    // The query of the location is the registry's own; it is a part of the address.
    private static Uri WithDigest(Uri location, Digest digest)
    {
        var address = new UriBuilder(location) { Fragment = "" };
        string parameter = $"digest={Uri.EscapeDataString(digest.ToString())}";
        address.Query = address.Query.Length > 1 ? $"{address.Query[1..]}&{parameter}" : parameter;
        return address.Uri;
    }
}
