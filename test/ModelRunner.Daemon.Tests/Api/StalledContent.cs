using System.Net;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>A body that begins, and then neither continues nor ends.</summary>
internal sealed class StalledContent(byte[] start) : HttpContent
{
    private readonly TaskCompletionSource _end = new();

    /// <summary>Ends it.</summary>
    public void End() => _end.TrySetResult();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.WriteAsync(start);
        await stream.FlushAsync();
        await _end.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
