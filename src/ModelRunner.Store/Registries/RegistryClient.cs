using System.Collections.Concurrent;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Http;
using ModelRunner.Store.Names;
using ModelRunner.Store.Registries.Access;

namespace ModelRunner.Store.Registries;

/// <summary>
/// Reads from registries and writes to them (OCI distribution specification 1.1). Thread-safe. All methods fail with a
/// <see cref="RemoteException"/>, whose message is for users.
/// </summary>
internal sealed class RegistryClient
{
    // A mirror that does not answer would cost each request the time of a timeout.
    private static readonly TimeSpan MirrorRest = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Uri, DateTimeOffset> _absentMirrors = new();
    private readonly OutgoingClient _client;
    private readonly RegistryLookup _lookup;
    private readonly RegistrySender _sender;
    private readonly RegistryUploads _uploads;
    private readonly RegistrySettings _settings;
    private readonly OutgoingSettings _outgoing;
    private readonly TimeProvider _time;

    /// <param name="client">Sends the requests. It is not disposed.</param>
    /// <param name="outgoing">The settings of <paramref name="client"/>.</param>
    /// <param name="settings">How registries are asked.</param>
    /// <param name="findCredential">
    /// Returns the user's credentials for a registry, usually <see cref="RegistryCredentials.FindAsync"/>. Null: every registry is asked without credentials.
    /// </param>
    /// <param name="time">The clock.</param>
    public RegistryClient(
        OutgoingClient client, OutgoingSettings outgoing, RegistrySettings settings,
        Func<string, CancellationToken, Task<RegistryCredential?>>? findCredential, TimeProvider time)
    {
        (_client, _outgoing, _settings, _time) = (client, outgoing, settings, time);
        _lookup = new RegistryLookup(client, outgoing.PlainHttpHosts, settings);
        var tokens = new TokenClient(client, new RealmRule(settings.TrustedRealms, outgoing.PlainHttpHosts), time);
        findCredential ??= static (_, _) => Task.FromResult<RegistryCredential?>(null);
        _sender = new RegistrySender(client, new RegistryAuthorizer(tokens, findCredential, time), settings, time);
        _uploads = new RegistryUploads(_lookup, _sender, settings, time);
    }

    /// <summary>A client with other credentials, for example with a token that came with a request. It keeps tokens of its own.</summary>
    /// <param name="host">The registry that gets them, as in the name of a model. Every other one is asked without credentials.</param>
    /// <param name="credential">The credentials.</param>
    /// <param name="notify">Called as in <see cref="RegistrySettings.Notify"/>.</param>
    public RegistryClient With(string host, RegistryCredential credential, Action<string> notify) => new(
        _client, _outgoing, _settings with { Notify = notify }, (asked, _) => Task.FromResult(asked == host ? credential : null), _time);

    /// <summary>Fetches the manifest or index that a name refers to: the one with its digest if it has one, or else that of its tag.</summary>
    public Task<RegistryManifest> GetManifestAsync(ArtifactName name, CancellationToken cancellation) =>
        GetManifestAsync(name, name.Pin, name.Target, cancellation);

    /// <summary>Fetches a manifest of the same repository by its digest, for example one that an index names.</summary>
    public Task<RegistryManifest> GetManifestAsync(ArtifactName name, Digest digest, CancellationToken cancellation) =>
        GetManifestAsync(name, digest, digest.ToString(), cancellation);

    /// <summary>Begins to read a file. A failure that may pass is left to the caller, who also continues a file that breaks off.</summary>
    /// <param name="name">The model; its registry and repository count.</param>
    /// <param name="request">The file, and where to begin.</param>
    /// <param name="cancellation">Gives up. Later reads take a token of their own.</param>
    public Task<RegistryBlob> OpenBlobAsync(ArtifactName name, BlobRequest request, CancellationToken cancellation) =>
        FromAnyAsync(name, !request.SkipMirrors, endpoint => OpenBlobAsync(endpoint, name, request, cancellation), cancellation);

    /// <summary>Whether a repository has a file.</summary>
    public Task<bool> HasBlobAsync(ArtifactName name, Digest digest, CancellationToken cancellation) => _uploads.HasBlobAsync(name, digest, cancellation);

    /// <summary>Stores a file in a repository if it is not there. An attempt that breaks is followed by another one, from the first byte.</summary>
    public Task<UploadOutcome> PutBlobAsync(ArtifactName name, BlobUpload upload, CancellationToken cancellation) =>
        _uploads.PutBlobAsync(name, upload, cancellation);

    /// <summary>Stores a manifest. Its files must be in the repository.</summary>
    /// <param name="name">The model; its registry and repository count.</param>
    /// <param name="reference">The tag, or the digest of the manifest.</param>
    /// <param name="bytes">The exact bytes.</param>
    /// <param name="mediaType">Their type.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The digest of the manifest.</returns>
    public Task<Digest> PutManifestAsync(
        ArtifactName name, string reference, ReadOnlyMemory<byte> bytes, string mediaType, CancellationToken cancellation) =>
        _uploads.PutManifestAsync(name, reference, bytes, mediaType, cancellation);

    private Task<RegistryManifest> GetManifestAsync(ArtifactName name, Digest? digest, string reference, CancellationToken cancellation) =>
        FromAnyAsync(name, true, endpoint => GetManifestAsync(endpoint, name, digest, reference, cancellation), cancellation);

    private async Task<RegistryManifest> GetManifestAsync(
        RegistryEndpoint endpoint, ArtifactName name, Digest? digest, string reference, CancellationToken cancellation)
    {
        var request = new OutgoingRequest(HttpMethod.Get, endpoint.AddressOf(name.Repository, $"manifests/{reference}"))
        {
            Headers = [("Accept", MediaTypes.AcceptedManifests)],
        };
        var asked = new RegistryRequest(endpoint, request, RegistryScopes.Pull(name.Repository), $"the manifest of {name}") { IsRepeated = false };

        // A connection may also break in the middle of the body.
        return endpoint.IsMirror
            ? await ReadAsync()
            : await RetryRule.RepeatAsync(ReadAsync, leavesTransient: false, _settings, _time, cancellation);

        async Task<RegistryManifest> ReadAsync()
        {
            using OutgoingResponse response = await _sender.SendAsync(asked, cancellation);
            return ManifestCheck.Read(response, await _client.ReadBodyAsync(response, ManifestReader.MaxBytes, cancellation), digest);
        }
    }

    private async Task<RegistryBlob> OpenBlobAsync(RegistryEndpoint endpoint, ArtifactName name, BlobRequest blob, CancellationToken cancellation)
    {
        var request = new OutgoingRequest(HttpMethod.Get, endpoint.AddressOf(name.Repository, $"blobs/{blob.Digest}"))
        {
            Headers = BlobAnswer.HeadersFor(blob.Offset, blob.Etag),
        };
        OutgoingResponse response = await _sender.SendAsync(
            new RegistryRequest(endpoint, request, RegistryScopes.Pull(name.Repository), $"the file {blob.Digest.Short} of {name}")
            {
                IsRepeated = !endpoint.IsMirror, LeavesTransient = true,
            },
            cancellation);
        return await BlobAnswer.OpenAsync(_client, response, blob.Offset, null, cancellation);
    }

    // A mirror that fails is no reason to fail. The error of the registry itself is the one that counts.
    private async Task<T> FromAnyAsync<T>(ArtifactName name, bool withMirrors, Func<RegistryEndpoint, Task<T>> ask, CancellationToken cancellation)
    {
        foreach (RegistryEndpoint endpoint in await _lookup.FindAsync(name.Registry, withMirrors, cancellation))
        {
            if (endpoint.IsMirror && _absentMirrors.TryGetValue(endpoint.Base, out DateTimeOffset until) && _time.GetUtcNow() < until)
                continue;
            try
            {
                return await ask(endpoint);
            }
            catch (RemoteException failure) when (endpoint.IsMirror)
            {
                _settings.Notify($"the mirror {endpoint.Host} is passed over: {failure.Message}");
                if (failure.IsTransient || failure.Reason == RemoteReason.Unreachable)
                    _absentMirrors[endpoint.Base] = _time.GetUtcNow() + MirrorRest;
            }
        }

        throw new InvalidOperationException("The registry itself was not asked.");
    }
}
