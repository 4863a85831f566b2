using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Memory;

namespace ModelRunner.Daemon.Inference.Bodies;

/// <summary>
/// Reads request bodies into memory with a common budget. Small bodies have a budget of their own, so that they do not wait behind large
/// ones. A body is kept whole until its response has ended: it is checked completely before any of it reaches a runner, and if a runner dies
/// before it responds, another runner gets the same body.
/// </summary>
internal sealed class RequestBodies
{
    /// <summary>The largest body: 32 MiB, room for some pictures in base64.</summary>
    public const int MaxBytes = 32 * 1024 * 1024;

    /// <summary>The default budget of all bodies together.</summary>
    public const long DefaultBudgetBytes = 256L << 20;

    /// <summary>Bodies up to this size are kept in arrays of the pool.</summary>
    private const int MaxSmallBytes = 64 * 1024;

    private const int SmallStepBytes = 4 * 1024;
    private const int LargeStepBytes = 256 * 1024;
    private const int PageBytes = 4096;

    /// <summary>The part of the whole budget that is for small bodies.</summary>
    private const int SmallPart = 8;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly RequestBodyBudget _small;
    private readonly RequestBodyBudget _large;
    private readonly int _maxBytes;
    private readonly ConcurrentBag<BodyMapping> _mappings = [];

    /// <summary>Creates the reader.</summary>
    /// <param name="budgetBytes">
    /// Bytes for all bodies together; null: 256 MiB, or a quarter of the memory that this process may use if that is less.
    /// </param>
    /// <param name="time">The clock.</param>
    public RequestBodies(long? budgetBytes, TimeProvider time)
    {
        long budget = budgetBytes ?? ChooseBudget(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        long small = budget / SmallPart;
        _maxBytes = (int)Math.Min(MaxBytes, budget - small);
        _small = new RequestBodyBudget(small, MaxSmallBytes, time);
        _large = new RequestBodyBudget(budget - small, RoundUp(_maxBytes + 1, LargeStepBytes), time);
        Waiting = new WaitingBodies(_small.OrdinaryBytes / 2, _large.OrdinaryBytes / 2);
    }

    /// <summary>The bodies of requests that wait for a pull.</summary>
    public WaitingBodies Waiting { get; }

    /// <summary>Bytes that large bodies hold now.</summary>
    public RequestBodyBudget Large => _large;

    /// <summary>Bytes that small bodies hold now.</summary>
    public RequestBodyBudget Small => _small;

    /// <summary>The default budget for a process that may use the given number of bytes; 0 or less: unknown.</summary>
    internal static long ChooseBudget(long availableBytes) =>
        availableBytes <= 0 ? DefaultBudgetBytes : Math.Clamp(availableBytes / 4, 1 << 20, DefaultBudgetBytes);

    /// <summary>Reads a whole body.</summary>
    /// <exception cref="ApiException">The body is too large, compressed or too slow, or there is no memory for it.</exception>
    public async Task<RequestBody> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        RefuseUnreadable(request);
        var body = new RequestBody(this, _small.Open());
        try
        {
            await FillAsync(body, request.BodyReader, cancellationToken);
            body.Share.MarkArrived();
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>Reads a whole body that must be small.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxBytes">The most bytes of the body.</param>
    /// <param name="remedy">What the client can do if it is larger, a clause.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ApiException">As for the other one, or the body is larger.</exception>
    public async Task<RequestBody> ReadAsync(HttpRequest request, int maxBytes, string remedy, CancellationToken cancellationToken)
    {
        RequestBody body = await ReadAsync(request, cancellationToken);
        if (body.Length <= maxBytes)
            return body;
        body.Dispose();
        throw new ApiException(ApiError.Invalid($"the request's body is larger than {maxBytes} bytes; {remedy}"));
    }

    /// <summary>Keeps a mapping for the next body.</summary>
    public void Return(BodyMapping mapping)
    {
        mapping.Empty();
        _mappings.Add(mapping);
    }

    private async Task FillAsync(RequestBody body, PipeReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult result = await ReadSomeAsync(body.Share, reader, cancellationToken);
            try
            {
                int count = (int)Math.Min(result.Buffer.Length, _maxBytes + 1L - body.Length);
                if (count > 0)
                {
                    await EnsureAsync(body, body.Length + count, cancellationToken);
                    body.Append(result.Buffer.Slice(0, count));
                }
            }
            finally
            {
                // Also after a refusal for lack of memory: Kestrel reads the rest of the body, and cannot while this read is active.
                reader.AdvanceTo(result.Buffer.End);
            }

            if (body.Length > _maxBytes)
                throw new ApiException(TooLarge());
            if (result.IsCompleted)
                return;
        }
    }

    private static async ValueTask<ReadResult> ReadSomeAsync(BodyShare share, PipeReader reader, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(share.WasCut, cancellationToken);
        try
        {
            if (reader.TryRead(out ReadResult ready))
            {
                share.EndRead((int)ready.Buffer.Length);
                return ready;
            }

            share.BeginRead();
            ReadResult result = await reader.ReadAsync(ending.Token);
            share.EndRead((int)result.Buffer.Length);
            return result;
        }
        catch (OperationCanceledException) when (share.WasCut.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ApiException(new ApiError(StatusCodes.Status408RequestTimeout,
                $"the request's body came too slowly: less than {BodyShare.WindowBytes} bytes in {BodyShare.Window.TotalSeconds} s, "
                + "while other requests waited for memory; send it faster",
                ApiError.InvalidRequest, "request_too_slow", RetryAfter: RetryAfter));
        }
        catch (IOException failure) when (failure is not BadHttpRequestException && !cancellationToken.IsCancellationRequested)
        {
            // Kestrel throws this for a chunk size that does not fit its integer.
            throw new ApiException(ApiError.Invalid($"the request's body cannot be read: {failure.Message}"));
        }
    }

    /// <summary>Makes room for the given total number of bytes, first in an array, then in a mapping.</summary>
    private async Task EnsureAsync(RequestBody body, int length, CancellationToken cancellationToken)
    {
        if (length <= body.Capacity)
            return;
        if (length <= MaxSmallBytes)
        {
            int capacity = Math.Min(RoundUp(Math.Max(length, body.Capacity * 2), SmallStepBytes), MaxSmallBytes);
            await TakeAsync(body.Share, capacity - body.Capacity, cancellationToken);
            body.MoveTo(ArrayPool<byte>.Shared.Rent(capacity), capacity);
            return;
        }

        if (!body.IsLarge)
        {
            BodyShare share = _large.Open();
            try
            {
                Task taking = TakeAsync(share, RoundUp(length, LargeStepBytes), cancellationToken);

                // The bytes that have arrived stay in their array, but waiting bodies must not use up the budget of small ones. The limit of
                // connections also bounds the waiting ones.
                if (!taking.IsCompleted)
                    body.Share.Release();
                await taking;
                body.MoveTo(RentMapping(), share, RoundUp(length, LargeStepBytes));
            }
            catch
            {
                share.Dispose();
                throw;
            }

            return;
        }

        int more = RoundUp(length - body.Capacity, LargeStepBytes);
        await TakeAsync(body.Share, more, cancellationToken);
        body.Grow(more);
    }

    private static async Task TakeAsync(BodyShare share, int bytes, CancellationToken cancellationToken)
    {
        if (await share.TakeAsync(bytes, cancellationToken))
            return;

        throw new ApiException(new ApiError(StatusCodes.Status503ServiceUnavailable,
            $"the bodies of other requests have used all memory for bodies for {RequestBodyBudget.WaitTimeout.TotalSeconds} s; try again "
            + "later, send less, or set limits.maxBodyMemory to a larger size",
            ApiError.Unavailable, RefusalCodes.BodyMemory, RetryAfter: RetryAfter));
    }

    private BodyMapping RentMapping() =>
        _mappings.TryTake(out BodyMapping? kept) ? kept
        : BodyMapping.TryCreate(RoundUp(RoundUp(_maxBytes + 1, LargeStepBytes) + LargeStepBytes, PageBytes))
        ?? throw new ApiException(new ApiError(StatusCodes.Status503ServiceUnavailable,
            "the system has no memory for the request's body; try again later, or send less",
            ApiError.Unavailable, "out_of_memory", RetryAfter: RetryAfter));

    private ApiError TooLarge() => new(StatusCodes.Status413PayloadTooLarge,
        $"the request's body is larger than {_maxBytes} bytes; send less, or fewer or smaller pictures",
        ApiError.InvalidRequest, "request_too_large");

    private void RefuseUnreadable(HttpRequest request)
    {
        if (request.ContentLength > _maxBytes)
            throw new ApiException(TooLarge());

        // Decompression would let a small request fill the memory.
        string encoding = request.Headers.ContentEncoding.ToString();
        if (encoding.Length > 0 && !string.Equals(encoding, "identity", StringComparison.OrdinalIgnoreCase))
        {
            throw new ApiException(new ApiError(StatusCodes.Status415UnsupportedMediaType,
                "requests with a Content-Encoding are not supported; send the body uncompressed",
                ApiError.InvalidRequest, "unsupported_encoding"));
        }
    }

    private static int RoundUp(int value, int step) => (value + step - 1) / step * step;
}
