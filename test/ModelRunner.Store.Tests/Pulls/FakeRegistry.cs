using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>A registry with one model, whose answers about files a test can spoil one after another.</summary>
internal sealed class FakeRegistry : IAsyncDisposable
{
    private readonly MadeArtifact _made;
    private readonly ConcurrentQueue<RequestDelegate> _faults = new();
    private readonly SemaphoreSlim _arrived = new(0);
    private LoopbackServer _server = null!;
    private int _requests;

    private FakeRegistry(MadeArtifact made) => _made = made;

    /// <summary>The name of its model.</summary>
    public ArtifactName Name => ArtifactNameParser.Parse($"127.0.0.1:{_server.Address.Port}/ai/a:latest");

    /// <summary>Requests for files so far.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>The offsets that were asked for, in order.</summary>
    public ConcurrentQueue<long> Offsets { get; } = new();

    /// <summary>Waits until so many requests for files came.</summary>
    public async Task WaitForRequestsAsync(int count)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (Requests < count)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(60), $"only {Requests} of {count} requests came");
            await _arrived.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits before each answer about a file.</summary>
    public Func<Task> BeforeFile { get; set; } = static () => Task.CompletedTask;

    public static async Task<FakeRegistry> StartAsync(MadeArtifact made)
    {
        var registry = new FakeRegistry(made);
        registry._server = await LoopbackServer.StartAsync(registry.AnswerAsync);
        return registry;
    }

    /// <summary>Spoils the next answer about a file.</summary>
    public void Spoil(RequestDelegate answer) => _faults.Enqueue(answer);

    /// <summary>Sends some of the bytes that were asked for, and ends as if these were all.</summary>
    public static RequestDelegate EndAfter(byte[] bytes, int count) => context =>
    {
        int offset = SetPart(context, bytes.Length);
        return context.Response.Body.WriteAsync(bytes.AsMemory(offset, Math.Min(count, bytes.Length - offset))).AsTask();
    };

    /// <summary>Sends the first bytes whatever was asked for, and ends as if these were all.</summary>
    public static RequestDelegate BeginAgain(byte[] bytes, int count) => context => context.Response.Body.WriteAsync(bytes.AsMemory(0, count)).AsTask();

    /// <summary>Begins to send some of the bytes that were asked for, and breaks the connection. Any number of them may arrive.</summary>
    public static RequestDelegate BreakAfter(byte[] bytes, int count) => async context =>
    {
        int offset = SetPart(context, bytes.Length);
        context.Response.ContentLength = bytes.Length - offset;
        await context.Response.Body.WriteAsync(bytes.AsMemory(offset, Math.Min(count, bytes.Length - offset)));
        await context.Response.Body.FlushAsync();
        context.Abort();
    };

    /// <summary>Sends other bytes, with the status 200.</summary>
    public static RequestDelegate Send(byte[] bytes, string type = "application/octet-stream") => async context =>
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes);
    };

    /// <summary>Says that it is not available for some seconds.</summary>
    public static RequestDelegate Busy(int seconds) => context =>
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return Task.CompletedTask;
    };

    /// <summary>Sends nothing but a status.</summary>
    public static RequestDelegate Status(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _arrived.Dispose();
    }

    private static long OffsetOf(HttpContext context) => context.Request.Headers.Range.ToString() is { Length: > 0 } range
        ? long.Parse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture)
        : 0;

    private async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.Value!;
        if (path.Contains("/manifests/", StringComparison.Ordinal))
        {
            await Send(_made.Manifest, MediaTypes.OciManifest)(context);
            return;
        }

        Interlocked.Increment(ref _requests);
        _arrived.Release();
        Offsets.Enqueue(OffsetOf(context));
        await BeforeFile();
        Assert.True(Digest.TryParse(path[(path.LastIndexOf('/') + 1)..], out Digest digest));
        if (_faults.TryDequeue(out RequestDelegate? fault))
            await fault(context);
        else
            await SendPartAsync(context, _made.Files[digest]);
    }

    private static Task SendPartAsync(HttpContext context, byte[] bytes)
    {
        int offset = SetPart(context, bytes.Length);
        context.Response.Headers.ContentLength = bytes.Length - offset;
        context.Response.ContentType = "application/octet-stream";
        return context.Response.Body.WriteAsync(bytes.AsMemory(offset)).AsTask();
    }

    private static int SetPart(HttpContext context, int length)
    {
        long offset = OffsetOf(context);
        if (offset > 0)
        {
            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            context.Response.Headers.ContentRange = $"bytes {offset}-{length - 1}/{length}";
        }

        return (int)offset;
    }
}
