using System.Net;

namespace ModelRunner.Cli;

/// <summary>The body of a request that is written while it is sent.</summary>
/// <param name="length">Its length in bytes; null: it is known at its end.</param>
/// <param name="write">Writes it.</param>
internal sealed class UploadContent(long? length, Func<Stream, CancellationToken, Task> write) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => write(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        write(stream, cancellationToken);

    protected override bool TryComputeLength(out long computed)
    {
        computed = length ?? 0;
        return length is not null;
    }
}
