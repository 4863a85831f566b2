using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>A registry that sends models piece by piece, and continues a file where it is asked to.</summary>
internal sealed partial class PacedRegistry : IAsyncDisposable
{
    private const int Piece = 32 * 1024;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly ConcurrentDictionary<int, PacedModel> _models = new();
    private readonly int _first;
    private LoopbackServer _server = null!;
    private int _continued;

    private PacedRegistry(int first) => _first = first;

    /// <summary>How many files were continued so far.</summary>
    public int Continued => Volatile.Read(ref _continued);

    /// <summary>Starts it.</summary>
    /// <param name="first">The number of its first model.</param>
    public static async Task<PacedRegistry> StartAsync(int first)
    {
        var registry = new PacedRegistry(first);
        registry._server = await LoopbackServer.StartAsync(registry.AnswerAsync);
        return registry;
    }

    /// <summary>A model that nobody has pulled yet.</summary>
    public PacedModel Next()
    {
        var model = new PacedModel(_first + _models.Count);
        _models[model.Number] = model;
        return model;
    }

    public string NameOf(PacedModel model) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_server.Address.Port}/ai/m{model.Number}:latest");

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.Value!;
        Match match = Pattern().Match(path);
        PacedModel model = _models[int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture)];
        if (match.Groups["kind"].Value == "manifests")
        {
            context.Response.ContentType = RegistryModel.MediaType;
            await context.Response.Body.WriteAsync(model.Manifest, context.RequestAborted);
            return;
        }

        byte[]? layer = model.Layers.FirstOrDefault(layer => path.EndsWith(RegistryProcess.DigestOf(layer), StringComparison.Ordinal));
        if (layer is not null)
            model.Begin();
        await SendAsync(context, layer ?? model.Config);
        if (layer is not null)
            model.End();
    }

    private async Task SendAsync(HttpContext context, byte[] bytes)
    {
        int start = 0;
        if (context.Request.Headers.Range.ToString() is { Length: > 0 } range)
        {
            start = int.Parse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture);
            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            context.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {start}-{bytes.Length - 1}/{bytes.Length}");
            Interlocked.Increment(ref _continued);
        }

        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = bytes.Length - start;
        while (start < bytes.Length)
        {
            int count = Math.Min(Piece, bytes.Length - start);
            await context.Response.Body.WriteAsync(bytes.AsMemory(start, count), context.RequestAborted);
            start += count;
            if (start < bytes.Length)
                await Task.Delay(Pause, context.RequestAborted);
        }
    }

    [GeneratedRegex("^/v2/ai/m(?<number>[0-9]+)/(?<kind>manifests|blobs)/", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
