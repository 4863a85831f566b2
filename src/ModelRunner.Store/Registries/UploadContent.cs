using System.Net;
using System.Net.Http.Headers;
using ModelRunner.Store.Http;
using ModelRunner.Store.Layout;

namespace ModelRunner.Store.Registries;

/// <summary>The body of an upload.</summary>
internal sealed class UploadContent : HttpContent
{
    private const int BlockSize = 256 * 1024;

    private readonly BlobUpload _upload;

    public UploadContent(BlobUpload upload)
    {
        _upload = upload;
        Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        Headers.ContentLength = upload.Size;
    }

    /// <exception cref="RemoteException">The file cannot be read, or no longer has its length.</exception>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await using Stream file = Open();
        byte[] block = new byte[(int)Math.Clamp(_upload.Size, 1, BlockSize)];
        long sent = 0;
        _upload.Sent(0);
        while (await ReadAsync(file, block, cancellationToken) is > 0 and var count)
        {
            sent += count;
            if (sent > _upload.Size)
                break;
            await stream.WriteAsync(block.AsMemory(0, count), cancellationToken);
            _upload.Sent(sent);
        }

        if (sent != _upload.Size)
            throw Fail(FormattableString.Invariant($"it no longer has the {_upload.Size} bytes that it had when the push began"), null);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override bool TryComputeLength(out long length)
    {
        length = _upload.Size;
        return true;
    }

    // A problem with the file is none with the connection, which would be followed by another attempt.
    private Stream Open()
    {
        try
        {
            return _upload.Open();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Fail(failure.Message, failure);
        }
    }

    private async ValueTask<int> ReadAsync(Stream file, byte[] block, CancellationToken cancellation)
    {
        try
        {
            return await file.ReadAsync(block, cancellation);
        }
        catch (IOException failure)
        {
            throw Fail(failure.Message, failure);
        }
        catch (StoreException failure)
        {
            throw new RemoteException(RemoteReason.LocalFile, failure.Message, failure);
        }
    }

    private RemoteException Fail(string why, Exception? cause) =>
        new(RemoteReason.LocalFile, $"the file {_upload.Digest.Short} could not be sent: {why}", cause);
}
