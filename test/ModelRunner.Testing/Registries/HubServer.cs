using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ModelRunner.Testing.Registries;

/// <summary>
/// The part of Hugging Face's HTTP interface that pulls use, with one repository, on a loopback port. Its files come from a second server, which notes
/// every request that has credentials.
/// </summary>
internal sealed class HubServer : IAsyncDisposable
{
    /// <summary>The repository.</summary>
    public const string Repository = "Org/Tiny-GGUF";

    /// <summary>The commit of its branch main.</summary>
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private LoopbackServer _hub = null!;
    private LoopbackServer _storage = null!;

    private HubServer()
    {
    }

    /// <summary>The value of HF_ENDPOINT.</summary>
    public string Endpoint => _hub.Address.AbsoluteUri.TrimEnd('/');

    /// <summary>The files by their paths.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Sizes that are told instead of the real ones.</summary>
    public ConcurrentDictionary<string, long> ToldSizes { get; } = new(StringComparer.Ordinal);

    /// <summary>Files that are stored without a SHA-256.</summary>
    public ConcurrentDictionary<string, bool> SmallFiles { get; } = new(StringComparer.Ordinal);

    /// <summary>Entries on one page of the list.</summary>
    public int PageSize { get; set; } = 1000;

    /// <summary>Answers a request of the API or for a file instead of the usual answer. False: the usual one is sent.</summary>
    public Func<HttpContext, Task<bool>> Instead { get; set; } = static _ => Task.FromResult(false);

    /// <summary>Answers of the storage instead of the usual ones, each once.</summary>
    public ConcurrentQueue<RequestDelegate> StorageFaults { get; } = new();

    /// <summary>What is done to the usual answers of the storage, to one after the other.</summary>
    public ConcurrentQueue<RegistryFault> Faults { get; } = new();

    /// <summary>The requests of the API and for files, with method and path.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>The values of Authorization that the API got; empty for none.</summary>
    public ConcurrentQueue<string> Tokens { get; } = new();

    /// <summary>The header Range of each request to the storage; empty for none.</summary>
    public ConcurrentQueue<string> Ranges { get; } = new();

    /// <summary>Requests to the storage that had credentials. There must be none.</summary>
    public ConcurrentQueue<string> Leaks { get; } = new();

    /// <summary>Starts it.</summary>
    /// <param name="certificate">The certificate of the API; null: it speaks plain http, as the storage always does.</param>
    public static async Task<HubServer> StartAsync(X509Certificate2? certificate = null)
    {
        var server = new HubServer();
        server._storage = await LoopbackServer.StartAsync(server.AnswerStorageAsync);
        server._hub = await LoopbackServer.StartAsync(server.AnswerHubAsync, certificate);
        return server;
    }

    /// <summary>Sends a status with headers of Hugging Face.</summary>
    public static Task RefuseAsync(HttpContext context, int status, params (string Name, string Value)[] headers)
    {
        context.Response.StatusCode = status;
        foreach ((string name, string value) in headers)
            context.Response.Headers[name] = value;
        return Task.CompletedTask;
    }

    public static string DigestOf(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _storage.DisposeAsync();
    }

    private async Task AnswerHubAsync(HttpContext context)
    {
        string path = context.Request.Path.Value!;
        Requests.Enqueue($"{context.Request.Method} {path}{context.Request.QueryString}");
        Tokens.Enqueue(context.Request.Headers.Authorization.ToString());
        if (await Instead(context))
            return;
        if (path == $"/api/models/{Repository}/revision/main" || path == $"/api/models/{Repository}/revision/{Commit}")
            await context.Response.WriteAsync($$"""{"sha":"{{Commit}}","lastModified":"2026-01-01T00:00:00.000Z","gated":false}""");
        else if (path == $"/api/models/{Repository}/tree/{Commit}")
            await SendTreeAsync(context);
        else if (path.StartsWith($"/{Repository}/resolve/{Commit}/", StringComparison.Ordinal) && Files.TryGetValue(path[$"/{Repository}/resolve/{Commit}/".Length..], out _))
            Resolve(context, path[$"/{Repository}/resolve/{Commit}/".Length..]);
        else if (path.Contains($"/{Repository}/", StringComparison.Ordinal))
            await RefuseAsync(context, 404, ("X-Error-Code", path.Contains("/resolve/", StringComparison.Ordinal) ? "EntryNotFound" : "RevisionNotFound"));
        else
            await RefuseAsync(context, 401, ("X-Error-Code", "RepoNotFound"), ("X-Error-Message", "Repository not found"));
    }

    private async Task SendTreeAsync(HttpContext context)
    {
        int start = int.TryParse(context.Request.Query["cursor"], CultureInfo.InvariantCulture, out int cursor) ? cursor : 0;
        string[] paths = [.. Files.Keys.Order(StringComparer.Ordinal).Skip(start).Take(PageSize)];
        if (start + paths.Length < Files.Count)
            context.Response.Headers.Link = $"<{Endpoint}{context.Request.Path}?recursive=true&cursor={start + paths.Length}>; rel=\"next\"";
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartArray();
            writer.WriteStartObject();
            writer.WriteString("type", "directory");
            writer.WriteString("path", "folder");
            writer.WriteEndObject();
            foreach (string path in paths)
                WriteFile(writer, path);
            writer.WriteEndArray();
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.Body.WriteAsync(json.ToArray());
    }

    private void WriteFile(Utf8JsonWriter writer, string path)
    {
        long size = ToldSizes.GetValueOrDefault(path, Files[path].Length);
        writer.WriteStartObject();
        writer.WriteString("type", "file");
        writer.WriteString("path", path);
        writer.WriteNumber("size", size);
        writer.WriteString("oid", "89abcdef0123456789abcdef0123456789abcdef");
        if (!SmallFiles.ContainsKey(path))
        {
            writer.WriteStartObject("lfs");
            writer.WriteString("oid", DigestOf(Files[path]));
            writer.WriteNumber("size", size);
            writer.WriteNumber("pointerSize", 135);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private void Resolve(HttpContext context, string path)
    {
        context.Response.StatusCode = 302;
        context.Response.Headers["X-Repo-Commit"] = Commit;
        context.Response.Headers["X-Linked-Size"] = ToldSizes.GetValueOrDefault(path, Files[path].Length).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["X-Linked-Etag"] = $"\"{DigestOf(Files[path])}\"";
        context.Response.Headers.SetCookie = "session=secret";
        context.Response.Headers.Location = $"{_storage.Address}{Uri.EscapeDataString(path)}?signature=secret";
    }

    private async Task AnswerStorageAsync(HttpContext context)
    {
        if (context.Request.Headers.Authorization.Count > 0 || context.Request.Headers.Cookie.Count > 0)
            Leaks.Enqueue($"{context.Request.Path}");
        string range = context.Request.Headers.Range.ToString();
        Ranges.Enqueue(range);
        if (StorageFaults.TryDequeue(out RequestDelegate? fault))
        {
            await fault(context);
            return;
        }

        if (Faults.TryDequeue(out RegistryFault? done) && await FaultResponse.TryAnswerAsync(context, done))
            return;
        byte[] bytes = Files[Uri.UnescapeDataString(context.Request.Path.Value![1..])];
        if (done?.Kind == FaultKind.WholeForRange)
            range = "";
        (int from, int to) = PartOf(range, bytes.Length);
        if (done?.Kind == FaultKind.WrongContentRange)
            from++;
        if (range.Length > 0)
        {
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{to}/{bytes.Length}";
        }

        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = to - from + 1;
        using var body = new MemoryStream(bytes, from, to - from + 1);
        await FaultResponse.SendBodyAsync(context, body, done);
    }

    private static (int From, int To) PartOf(string range, int length)
    {
        if (range.Length == 0)
            return (0, length - 1);
        string[] parts = range["bytes=".Length..].Split('-');
        return (int.Parse(parts[0], CultureInfo.InvariantCulture), parts[1].Length > 0 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : length - 1);
    }
}
