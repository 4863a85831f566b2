using System.Buffers;

namespace ModelRunner.Daemon.Api;

/// <summary>The whole body of a request in borrowed memory; dispose it when nobody reads it any more.</summary>
internal sealed class RequestBody : IDisposable
{
    /// <summary>The most that a body may have: 32 MiB, room for some pictures in base64.</summary>
    public const int MaxBytes = 32 * 1024 * 1024;

    private const int FirstBytes = 16 * 1024;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xef, 0xbb, 0xbf];

    private byte[]? _buffer;
    private readonly int _length;

    private RequestBody(byte[] buffer, int length) => (_buffer, _length) = (buffer, length);

    /// <summary>The bytes; valid until <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Bytes
    {
        get
        {
            var bytes = new ReadOnlyMemory<byte>(_buffer ?? throw new ObjectDisposedException(nameof(RequestBody)), 0, _length);

            // Some clients write a byte order mark, which JSON does not have and readers of JSON refuse.
            return bytes.Span.StartsWith(ByteOrderMark) ? bytes[ByteOrderMark.Length..] : bytes;
        }
    }

    /// <summary>Reads all of it.</summary>
    /// <exception cref="ApiException">It is too large or encoded.</exception>
    public static async Task<RequestBody> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        RefuseUnreadable(request);

        // Without Content-Length the body comes in chunks and the buffer grows with it.
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Max(1, (int)(request.ContentLength ?? FirstBytes)));
        int length = 0;
        try
        {
            while (true)
            {
                int read = await request.Body.ReadAsync(buffer.AsMemory(length), cancellationToken);
                length += read;
                if (read == 0 || length == request.ContentLength)
                    return new RequestBody(buffer, length);
                if (length > MaxBytes)
                    throw new ApiException(TooLarge());
                if (length == buffer.Length)
                    buffer = Grow(buffer, length);
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    /// <summary>The error for a body above <see cref="MaxBytes"/>.</summary>
    private static ApiError TooLarge() => new(StatusCodes.Status413PayloadTooLarge,
        $"the request's body is larger than {MaxBytes} bytes; send less, or fewer or smaller pictures",
        ApiError.InvalidRequest, "request_too_large");

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
            ArrayPool<byte>.Shared.Return(buffer);
    }

    private static void RefuseUnreadable(HttpRequest request)
    {
        if (request.ContentLength > MaxBytes)
            throw new ApiException(TooLarge());

        // Decompressing would let a small request fill the memory.
        string encoding = request.Headers.ContentEncoding.ToString();
        if (encoding.Length > 0 && !string.Equals(encoding, "identity", StringComparison.OrdinalIgnoreCase))
        {
            throw new ApiException(new ApiError(StatusCodes.Status415UnsupportedMediaType,
                "requests with a Content-Encoding are not read; send the body uncompressed",
                ApiError.InvalidRequest, "unsupported_encoding"));
        }
    }

    private static byte[] Grow(byte[] buffer, int length)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Min(buffer.Length * 2, MaxBytes + 1));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
