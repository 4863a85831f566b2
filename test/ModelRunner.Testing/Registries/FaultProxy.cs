using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;

namespace ModelRunner.Testing.Registries;

/// <summary>
/// A server in front of a registry that passes everything on, but for the faults that a test adds. Several of them, one redirecting to the
/// other, are a registry and its storage.
/// </summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private static readonly string[] HopHeaders = ["Connection", "Transfer-Encoding", "Keep-Alive", "Host"];

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly ConcurrentQueue<SeenRequest> _requests = new();
    private readonly List<(RegistryFault Fault, int Left)> _faults = [];
    private readonly Uri _upstream;
    private LoopbackServer? _server;

    private FaultProxy(Uri upstream) => _upstream = upstream;

    /// <summary>Its address with the slash at the end.</summary>
    public Uri Address => _server!.Address;

    /// <summary>Host and port, as in the name of a model.</summary>
    public string Host => $"{Address.Host}:{Address.Port}";

    /// <summary>What was asked for so far.</summary>
    public IReadOnlyList<SeenRequest> Requests => [.. _requests];

    /// <summary>Starts it.</summary>
    /// <param name="upstream">The registry behind it.</param>
    /// <param name="certificate">Its certificate; null: it speaks plain http.</param>
    public static async Task<FaultProxy> StartAsync(Uri upstream, X509Certificate2? certificate = null)
    {
        var proxy = new FaultProxy(upstream);
        proxy._server = await LoopbackServer.StartAsync(proxy.AnswerAsync, certificate);
        return proxy;
    }

    /// <summary>Adds a fault. The first one that fits a request, and has requests left, is done to it.</summary>
    public void Add(RegistryFault fault)
    {
        lock (_faults)
            _faults.Add((fault, fault.Times));
    }

    /// <summary>Removes all faults.</summary>
    public void Clear()
    {
        lock (_faults)
            _faults.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _client.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        RegistryFault? fault = Take(context.Request);
        _requests.Enqueue(new SeenRequest(
            context.Request.Method,
            context.Request.Path + context.Request.QueryString,
            context.Request.Headers.ToDictionary(static header => header.Key, static header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            fault?.Kind));
        if (fault is null || !await FaultResponse.TryAnswerAsync(context, fault))
            await ForwardAsync(context, fault);
    }

    private RegistryFault? Take(HttpRequest request)
    {
        lock (_faults)
        {
            for (int index = 0; index < _faults.Count; index++)
            {
                (RegistryFault fault, int left) = _faults[index];
                if (left == 0 || !$"{request.Path}{request.QueryString}".Contains(fault.Path, StringComparison.Ordinal) || (fault.Method ?? request.Method) != request.Method)
                    continue;
                _faults[index] = (fault, left - 1);
                return fault;
            }
        }

        return null;
    }

    private async Task ForwardAsync(HttpContext context, RegistryFault? fault)
    {
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(_upstream, context.Request.Path + context.Request.QueryString));
        if (context.Request.ContentLength > 0 || context.Request.Headers.TransferEncoding.Count > 0)
            request.Content = new StreamContent(context.Request.Body);
        else if (context.Request.Method is "POST" or "PUT")
            request.Content = new ByteArrayContent([]);
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in context.Request.Headers)
        {
            bool isDropped = HopHeaders.Contains(name, StringComparer.OrdinalIgnoreCase)
                || (fault?.Kind == FaultKind.WholeForRange && name is "Range" or "If-Range");
            string value = fault?.Kind == FaultKind.WrongContentRange && name == "Range" ? Later(values.ToString()) : values.ToString();
            if (!isDropped && !request.Headers.TryAddWithoutValidation(name, value))
                request.Content?.Headers.TryAddWithoutValidation(name, value);
        }

        // The registry makes the addresses of uploads from these two.
        request.Headers.Host = context.Request.Host.Value;
        request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", context.Request.Scheme);
        using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        foreach ((string name, IEnumerable<string> values) in response.Headers.Concat(response.Content.Headers))
            if (!HopHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
                context.Response.Headers[name] = values.ToArray();
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable || context.Request.Method == "HEAD")
        {
            // The length of this answer of docker-registry is not that of its body.
            context.Response.ContentLength = context.Request.Method == "HEAD" ? context.Response.ContentLength : 0;
            return;
        }

        await using Stream body = await response.Content.ReadAsStreamAsync(context.RequestAborted);
        await FaultResponse.SendBodyAsync(context, body, fault);
    }

    // bytes=N- becomes bytes=N+1-, and the registry answers that truthfully.
    private static string Later(string range) =>
        string.Create(CultureInfo.InvariantCulture, $"bytes={long.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture) + 1}-");
}
