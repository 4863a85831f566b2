using System.Net;

namespace ModelRunner.Store.Http;

/// <summary>
/// Sends requests to registries, their token servers and their storages. It follows redirects itself, because .NET would drop the credentials for the
/// same server and send other headers everywhere. A server on the internet cannot lead it into an internal network. It has no limit for the time of a
/// whole response.
/// </summary>
internal sealed class OutgoingClient : IDisposable
{
    /// <summary>How many redirects of one request are followed.</summary>
    public const int MaxRedirects = 10;

    private readonly OutgoingSettings _settings;
    private readonly TimeProvider _time;
    private readonly ConnectionPools _pools;

    /// <param name="settings">Limits, proxies and authorities.</param>
    /// <param name="time">The clock.</param>
    /// <param name="resolve">Returns the addresses of a host, the preferred one first; null: the system is asked.</param>
    /// <exception cref="RemoteException">The file of authorities cannot be used.</exception>
    public OutgoingClient(OutgoingSettings settings, TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        (_settings, _time) = (settings, time);
        _pools = new ConnectionPools(settings, resolve ?? (static (host, cancellation) => Dns.GetHostAddressesAsync(host, cancellation)), time);
    }

    /// <summary>Sends a request and follows its redirects. Every status is a result but a redirect and what a proxy says about itself.</summary>
    /// <exception cref="RemoteException">There is no response, or a redirect must not be followed.</exception>
    public async Task<OutgoingResponse> SendAsync(OutgoingRequest request, CancellationToken cancellation)
    {
        (Uri address, HttpMethod method, bool isAtHome) = (request.Address, request.Method, true);
        bool isGuarded = request.NamedBy is { } namer && IsOnInternet(namer);
        for (int redirects = 0; ; redirects++)
        {
            Check(request, address, isGuarded);
            HttpResponseMessage response = await SendOnceAsync(request, address, method, isAtHome, isGuarded, cancellation);
            if (!Redirects.Is(response.StatusCode) || (request.ReturnsForeignRedirects && Redirects.IsForeign(response, address)))
                return new OutgoingResponse(response, address, !isAtHome);

            using (response)
            {
                if (redirects == MaxRedirects)
                    throw Redirects.Refuse(request.Address, $"it redirected {MaxRedirects} times, which is the limit");
                Uri target = Redirects.TargetOf(response, request.Address, address);
                method = Redirects.MethodAfter(response.StatusCode, method, address);
                isAtHome &= Origins.AreSame(target, address);
                if (request.StaysAtOrigin && !isAtHome)
                    throw Redirects.Refuse(request.Address, $"it leads to {Origins.HostOf(target)}, which must not get the secret that was sent");
                isGuarded |= IsOnInternet(address);
                address = target;
            }
        }
    }

    /// <summary>The body of a response. Reading it fails with a <see cref="RemoteException"/> if it breaks or stalls.</summary>
    public async Task<Stream> OpenBodyAsync(OutgoingResponse response, CancellationToken cancellation) =>
        new BodyStream(await response.Message.Content.ReadAsStreamAsync(cancellation), Origins.HostOf(response.Address), _settings.StallTimeout, _time);

    /// <summary>Reads a whole body.</summary>
    /// <exception cref="RemoteException">It is longer than the limit, or breaks, or stalls.</exception>
    public async Task<byte[]> ReadBodyAsync(OutgoingResponse response, int limit, CancellationToken cancellation)
    {
        byte[] start = await ReadStartAsync(response, limit + 1, cancellation);
        return start.Length <= limit ? start : throw new RemoteException(
            RemoteReason.TooLarge, $"the response of {Origins.HostOf(response.Address)} is longer than {limit} bytes, which is the limit");
    }

    /// <summary>Reads the beginning of a body.</summary>
    /// <exception cref="RemoteException">It breaks, or stalls.</exception>
    public async Task<byte[]> ReadStartAsync(OutgoingResponse response, int limit, CancellationToken cancellation)
    {
        await using Stream body = await OpenBodyAsync(response, cancellation);
        byte[] bytes = new byte[Math.Min(limit, 16 * 1024)];
        int count = 0;
        while (await body.ReadAsync(bytes.AsMemory(count), cancellation) is > 0 and var read)
        {
            count += read;
            if (count == limit)
                break;
            if (count == bytes.Length)
                Array.Resize(ref bytes, Math.Min(limit, bytes.Length * 4));
        }

        return bytes[..count];
    }

    public void Dispose() => _pools.Dispose();

    // This machine and listed hosts are not on the internet. An unknown host is.
    private bool IsOnInternet(Uri server) => !PlainHttpRule.Allows(server, _settings.PlainHttpHosts) && !_pools.IsInternal(server);

    private void Check(OutgoingRequest request, Uri address, bool isGuarded)
    {
        PlainHttpRule.Check(address, _settings.PlainHttpHosts);
        if (_settings.Proxies.ProblemFor(address) is { } problem)
            throw new RemoteException(RemoteReason.ProxyFailed, $"{Origins.HostOf(address)} was not asked: {problem}");
        if (isGuarded && InternalNetworks.Has(address))
            throw Redirects.RefuseInternal(request.NamedBy ?? request.Address, address);
    }

    private async Task<HttpResponseMessage> SendOnceAsync(
        OutgoingRequest request, Uri address, HttpMethod method, bool isAtHome, bool isGuarded, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(_settings.HeadersTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        using var message = new HttpRequestMessage(method, address);
        message.Headers.TryAddWithoutValidation("User-Agent", _settings.UserAgent);
        message.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        foreach ((string name, string value) in request.Headers)
            message.Headers.TryAddWithoutValidation(name, value);
        if (isAtHome && request.Authorization is { } authorization)
            message.Headers.TryAddWithoutValidation("Authorization", authorization);
        if (request.Body is { } makeBody && method == request.Method)
            message.Content = new MeteredContent(makeBody(), () => patience.CancelAfter(_settings.HeadersTimeout));

        try
        {
            HttpResponseMessage response = await _pools.For(isGuarded).SendAsync(message, either.Token);
            if (response.StatusCode != HttpStatusCode.ProxyAuthenticationRequired)
                return response;
            response.Dispose();
            throw Failures.ProxyLogin(address, _settings);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            if (Failures.IsInternal(failure))
                throw Redirects.RefuseInternal(request.NamedBy ?? request.Address, address);
            throw Failures.Explain(failure, address, patience.IsCancellationRequested, _settings);
        }
    }
}
