using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Cli;

/// <summary>Asks the daemon. Every failure becomes a <see cref="CliFailure"/> with one sentence.</summary>
internal sealed class DaemonClient : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private const int MaxErrorBytes = 64 * 1024;

    private readonly DaemonAddress _address;
    private readonly HttpClient _http;

    public DaemonClient(DaemonAddress address)
    {
        _address = address;
        var handler = new SocketsHttpHandler
        {
            UseProxy = false, UseCookies = false, AllowAutoRedirect = false, ConnectTimeout = ConnectTimeout,
            AutomaticDecompression = DecompressionMethods.None,
        };
        if (address.SocketPath is { } path)
            handler.ConnectCallback = (_, cancellation) => UnixSocketStream.ConnectAsync(path, cancellation);

        _http = new HttpClient(handler)
        {
            BaseAddress = address.Address ?? new Uri("http://localhost/"), Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("model-runner-cli", BuildInformation.Version));
        if (address.ApiKey is { } key)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public DaemonAddress Address => _address;

    /// <summary>Gets a JSON document.</summary>
    public async Task<JsonDocument> GetJsonAsync(string path, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Get, path, null, cancellation);
        return await ReadJsonAsync(response, cancellation);
    }

    /// <summary>Posts a JSON document and gets one.</summary>
    public async Task<JsonDocument> PostJsonAsync(string path, ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Post, path, json, cancellation);
        return await ReadJsonAsync(response, cancellation);
    }

    /// <summary>Sends a request and returns as soon as the head of a good answer is there. The caller disposes it.</summary>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, ReadOnlyMemory<byte>? json, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is { } body)
        {
            request.Content = new ReadOnlyMemoryContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (HttpRequestException failure)
        {
            throw Unreachable(failure);
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new CliFailure($"the daemon at {_address} did not take the connection within 5 seconds", ExitCode.NotRunning);
        }

        if (response.IsSuccessStatusCode)
            return response;

        using (response)
            throw await RefusedAsync(response, cancellation);
    }

    public void Dispose() => _http.Dispose();

    private CliFailure Unreachable(HttpRequestException failure)
    {
        if (failure.HttpRequestError is not HttpRequestError.ConnectionError and not HttpRequestError.NameResolutionError)
            return new CliFailure($"the daemon at {_address} broke off before it answered", ExitCode.Failure);
        if ((failure.InnerException ?? failure) is SocketException { SocketErrorCode: SocketError.AccessDenied })
            return new CliFailure($"this user may not use {_address}; ask as the user who runs the daemon", ExitCode.NotRunning);

        return new CliFailure($"the daemon is not running: nothing listens on {_address}; start it with \"model-runner serve\"", ExitCode.NotRunning);
    }

    private static async Task<CliFailure> RefusedAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        byte[] buffer = new byte[MaxErrorBytes];
        await using Stream body = await response.Content.ReadAsStreamAsync(cancellation);
        int length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        string sentence = ErrorBody.Read(buffer.AsSpan(0, length)) ?? $"the daemon answered with status {(int)response.StatusCode}";
        if (response.StatusCode == HttpStatusCode.Unauthorized)
            sentence += "; set MODEL_RUNNER_API_KEY to the daemon's key";
        return new CliFailure(sentence, ExitCode.Failure);
    }

    private async Task<JsonDocument> ReadJsonAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            await using Stream body = await response.Content.ReadAsStreamAsync(cancellation);
            return await JsonDocument.ParseAsync(body, cancellationToken: cancellation);
        }
        catch (Exception failure) when (failure is JsonException or IOException or HttpRequestException)
        {
            throw new CliFailure($"the answer of {_address} is not what a model-runner daemon says", ExitCode.Failure);
        }
    }
}
