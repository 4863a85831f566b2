using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using ModelRunner.Client.Discovery;
using ModelRunner.Configuration;

namespace ModelRunner.Client;

/// <summary>Sends requests to the daemon. Every failure becomes a <see cref="CliFailure"/> with one sentence.</summary>
internal sealed class DaemonClient : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(10);
    private static readonly HttpRequestOptionsKey<DaemonConnection> ConnectionKey = new("connection");
    private static readonly HttpRequestOptionsKey<Action> AnsweredKey = new("answered");
    private const int MaxErrorBytes = 64 * 1024;
    private const int MaxDocumentBytes = 64 * 1024 * 1024;
    private const string JsonType = "application/json";

    private readonly DaemonAddress _address;
    private readonly ClientKey? _key;
    private readonly DaemonOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    public DaemonClient(DaemonAddress address, ClientKey? key, DaemonOptions options, TimeProvider time)
    {
        (_address, _key, _options, _time) = (address, key, options, time);

        // Each request gets a new connection, opened before it is sent: only an open connection shows which user's process gets the key.
        var handler = new SocketsHttpHandler
        {
            UseProxy = false, UseCookies = false, AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.Zero,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = static (context, _) => ValueTask.FromResult(Take(context.InitialRequestMessage)),
        };
        if (address.Address?.Scheme == Uri.UriSchemeHttps)
        {
            DaemonTls.RequireLibrary();
            if (address.AuthorityPath is { } authority)
                handler.SslOptions = DaemonTls.Trust(authority);
        }

        _http = new HttpClient(handler)
        {
            BaseAddress = address.Address ?? new Uri("http://localhost/"), Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("model-runner-cli", BuildInformation.Version));
    }

    public DaemonAddress Address => _address;

    /// <summary>Gets a JSON document of the given kind.</summary>
    /// <param name="path">The path below the daemon's address.</param>
    /// <param name="kind">What the document must be.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <param name="isLong">Whether the daemon may need any time for its response, for example because it asks another machine.</param>
    public async Task<JsonDocument> GetJsonAsync(string path, JsonValueKind kind, CancellationToken cancellation, bool isLong = false)
    {
        using HttpResponseMessage response = await GetAsync(path, isLong ? Timeout.InfiniteTimeSpan : ResponseTimeout, cancellation);
        return await ReadJsonAsync(response, kind, cancellation);
    }

    /// <summary>Gets an object with warnings beside a response that is already complete; null if it cannot be had, which is no reason to fail.</summary>
    public async Task<JsonDocument?> TryGetObjectAsync(string path, CancellationToken cancellation)
    {
        try
        {
            return await GetJsonAsync(path, JsonValueKind.Object, cancellation);
        }
        catch (CliFailure)
        {
            return null;
        }
    }

    /// <summary>Posts a JSON document and gets an object.</summary>
    public async Task<JsonDocument> PostJsonAsync(string path, ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await PostAsync(path, json, cancellation);
        return await ReadJsonAsync(response, JsonValueKind.Object, cancellation);
    }

    /// <summary>Sends a DELETE request and gets a JSON document of the given kind.</summary>
    /// <param name="path">The path below the daemon's address.</param>
    /// <param name="kind">What the document must be.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <param name="isLong">Whether the daemon may need any time for its response.</param>
    public async Task<JsonDocument> DeleteJsonAsync(string path, JsonValueKind kind, CancellationToken cancellation, bool isLong = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, path);
        using HttpResponseMessage response = await SendAsync(request, isLong ? Timeout.InfiniteTimeSpan : ResponseTimeout, cancellation);
        return await ReadJsonAsync(response, kind, cancellation);
    }

    /// <summary>Sends a GET request and returns when the headers of a successful response have arrived. The caller disposes it.</summary>
    /// <param name="path">The path below the daemon's address.</param>
    /// <param name="timeout">How long the daemon may take until its response begins.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <param name="accept">The content type that is asked for; null: any.</param>
    public async Task<HttpResponseMessage> GetAsync(string path, TimeSpan timeout, CancellationToken cancellation, string? accept = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept is not null)
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        return await SendAsync(request, timeout, cancellation);
    }

    /// <summary>
    /// Sends a POST request and returns when the headers of a successful response have arrived. The caller disposes it. The daemon may need
    /// any time for this response, so a request to <c>/health</c> first checks that the daemon responds at all.
    /// </summary>
    /// <param name="path">The path below the daemon's address.</param>
    /// <param name="json">The body.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <param name="isPreload">Whether the model is only loaded.</param>
    /// <param name="accept">The content type that is asked for; null: any.</param>
    public async Task<HttpResponseMessage> PostAsync(
        string path, ReadOnlyMemory<byte> json, CancellationToken cancellation, bool isPreload = false, string? accept = null)
    {
        await CheckAsync(cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ReadOnlyMemoryContent(json) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(JsonType);

        // A command that needs the model pulls it itself and shows the progress.
        request.Headers.Add("X-Model-Runner-No-Pull", "true");
        if (isPreload)
            request.Headers.Add("X-Preload-Only", "true");
        if (accept is not null)
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        return await SendAsync(request, Timeout.InfiniteTimeSpan, cancellation);
    }

    /// <summary>Posts a body of any length and gets an object.</summary>
    /// <param name="path">The path below the daemon's address.</param>
    /// <param name="content">Writes the body; the request disposes it.</param>
    /// <param name="answered">Called when the response begins, which may be before the end of the body. Not with TLS, which hides it.</param>
    /// <param name="cancellation">Ends the request.</param>
    public async Task<JsonDocument> PostJsonAsync(string path, HttpContent content, Action answered, CancellationToken cancellation)
    {
        await CheckAsync(cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };

        if (_address.Address?.Scheme != Uri.UriSchemeHttps)
            request.Options.Set(AnsweredKey, answered);

        // A refusal must arrive before the body is sent, because a server closes the connection of a client that goes on sending.
        request.Headers.ExpectContinue = true;
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(JsonType));
        using HttpResponseMessage response = await SendAsync(request, Timeout.InfiniteTimeSpan, cancellation);
        return await ReadJsonAsync(response, JsonValueKind.Object, cancellation);
    }

    /// <summary>Checks that a response has the content type that a daemon sends.</summary>
    /// <exception cref="CliFailure">It has another type, so another program responded.</exception>
    public void RequireType(HttpResponseMessage response, string type)
    {
        if (!string.Equals(response.Content.Headers.ContentType?.MediaType, type, StringComparison.OrdinalIgnoreCase))
            throw Foreign();
    }

    public void Dispose() => _http.Dispose();

    private static Stream Take(HttpRequestMessage request)
    {
        if (!request.Options.TryGetValue(ConnectionKey, out DaemonConnection? connection))
            throw new InvalidOperationException("A request came without its connection.");
        Stream stream = connection.Take();
        return request.Options.TryGetValue(AnsweredKey, out Action? answered) ? new AnswerWatch(stream, answered) : stream;
    }

    // The daemon may need any time for its response, so it must respond to something else first.
    private async Task CheckAsync(CancellationToken cancellation)
    {
        using var check = new HttpRequestMessage(HttpMethod.Get, "health");
        await using DaemonConnection connection = await ConnectAsync(cancellation);
        (await ExchangeAsync(check, connection, ResponseTimeout, cancellation)).Dispose();
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, TimeSpan timeout, CancellationToken cancellation)
    {
        await using DaemonConnection connection = await ConnectAsync(cancellation);
        if (_key is not null && _key.MayGoTo(_address, connection))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key.Value);

        HttpResponseMessage response = await ExchangeAsync(request, connection, timeout, cancellation);
        if (response.IsSuccessStatusCode)
            return response;

        using (response)
            throw await RefusedAsync(response, request.Headers.Authorization is not null, cancellation);
    }

    private async Task<HttpResponseMessage> ExchangeAsync(
        HttpRequestMessage request, DaemonConnection connection, TimeSpan timeout, CancellationToken cancellation)
    {
        request.Options.Set(ConnectionKey, connection);
        using var limit = new StepTimeout(timeout, _time, cancellation);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        }
        catch (HttpRequestException failure) when (failure.InnerException is AuthenticationException cause)
        {
            throw new CliFailure(DaemonTls.Explain(_address, cause), ExitCode.Failure);
        }
        catch (HttpRequestException)
        {
            throw new CliFailure($"{_address} closed the connection before it responded, or does not speak HTTP", ExitCode.Failure);
        }
        catch (OperationCanceledException) when (limit.IsOver)
        {
            throw new CliFailure(
                $"the daemon at {_address} accepted the connection but did not respond within {Seconds(timeout)} s", ExitCode.NotRunning);
        }
    }

    private async Task<DaemonConnection> ConnectAsync(CancellationToken cancellation)
    {
        using var limit = new StepTimeout(ConnectTimeout, _time, cancellation);
        DaemonConnection connection;
        try
        {
            connection = await DaemonConnection.OpenAsync(_address, limit.Token);
        }
        catch (SocketException failure)
        {
            throw Unreachable(failure.SocketErrorCode);
        }
        catch (OperationCanceledException) when (limit.IsOver)
        {
            throw new CliFailure($"{_address} did not accept the connection within {Seconds(ConnectTimeout)} s", ExitCode.NotRunning);
        }

        // The user did not choose this socket: it lies in the working directory, where other users may be able to write.
        if (_address.Source == AddressSource.WorkingDirectory && !connection.IsOwnUsers)
        {
            await connection.DisposeAsync();
            throw new CliFailure($"{_address} belongs to another user; name it with --host to use it anyway", ExitCode.NotRunning);
        }

        return connection;
    }

    private CliFailure Unreachable(SocketError error)
    {
        if (error is SocketError.AccessDenied)
            return new CliFailure($"this user has no permission to use {_address}; run the command as the user who runs the daemon", ExitCode.NotRunning);
        if (error is SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData)
            return new CliFailure($"the host name \"{_address.Address!.Host}\" cannot be resolved", ExitCode.NotRunning);

        IReadOnlyList<RunningDaemon> others = _address.Source is AddressSource.Registry ? [] : ListOthers();
        string remedy = others.Count == 0
            ? "start it with \"model-runner serve\""
            : $"but one is running at {others[0].Address}: choose it with --host";
        return new CliFailure($"the daemon is not running: nothing listens on {_address}; {remedy}", ExitCode.NotRunning);
    }

    private IReadOnlyList<RunningDaemon> ListOthers()
    {
        try
        {
            return DaemonRegistry.Of(_options).List();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Other daemons are only a hint.
            return [];
        }
    }

    private async Task<CliFailure> RefusedAsync(HttpResponseMessage response, bool hadKey, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentType?.MediaType != JsonType)
            return Foreign(response.StatusCode);

        ReadOnlyMemory<byte> body = await ReadBodyAsync(response, MaxErrorBytes, cancellation);
        if (response.StatusCode == HttpStatusCode.Unauthorized && ErrorBody.Read(body)?.Code != "registry_denied")
            return new CliFailure(ExplainKey(hadKey), ExitCode.Failure);
        return ErrorBody.Read(body) is { } error
            ? new CliFailure(error.Sentence, ExitCode.Failure) { Code = error.Code, Pull = error.Pull, Similar = error.Similar }
            : Foreign(response.StatusCode);
    }

    private string ExplainKey(bool hadKey)
    {
        if (hadKey)
            return $"the daemon at {_address} does not accept the key of {_key!.Name}; write the key of the daemon there";
        if (_key is null)
            return $"the daemon at {_address} requires a key; set MODEL_RUNNER_API_KEY to the key of the daemon, "
                + "or name a file that holds it with --api-key-file";

        string remedy = _key.Source == AddressSource.Environment ? "set MODEL_RUNNER_HOST to that address" : "set the address and the key in the same place";
        return $"the daemon at {_address} requires a key; the key of {_key.Name} was not sent, because the address comes from another source; "
            + $"{remedy}, or use --host with --api-key-file";
    }

    private CliFailure Foreign(HttpStatusCode? status = null)
    {
        string answered = status is { } code ? $" (it responded with status {(int)code})" : "";
        return new CliFailure(
            $"the program that listens on {_address} is not a model-runner daemon{answered}; name another address with --host", ExitCode.Failure);
    }

    private async Task<JsonDocument> ReadJsonAsync(HttpResponseMessage response, JsonValueKind kind, CancellationToken cancellation)
    {
        ReadOnlyMemory<byte> body = await ReadBodyAsync(response, MaxDocumentBytes, cancellation);
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body);
        }
        catch (JsonException)
        {
            throw Foreign();
        }

        if (document.RootElement.ValueKind == kind)
            return document;

        document.Dispose();
        throw Foreign();
    }

    // A process that is suspended in the middle of its response keeps the connection open.
    private async Task<ReadOnlyMemory<byte>> ReadBodyAsync(HttpResponseMessage response, int maxBytes, CancellationToken cancellation)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using var limit = new StepTimeout(ResponseTimeout, _time, cancellation);
        try
        {
            await using Stream body = await response.Content.ReadAsStreamAsync(limit.Token);
            while (bytes.WrittenCount < maxBytes && await body.ReadAsync(bytes.GetMemory(), limit.Token) is > 0 and var count)
            {
                bytes.Advance(count);
                limit.Restart(ResponseTimeout);
            }

            return bytes.WrittenMemory[..Math.Min(bytes.WrittenCount, maxBytes)];
        }
        catch (OperationCanceledException) when (limit.IsOver)
        {
            throw new CliFailure(
                $"the daemon at {_address} began its response and then sent nothing for {Seconds(ResponseTimeout)} s", ExitCode.NotRunning);
        }
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString(CultureInfo.InvariantCulture);
}
