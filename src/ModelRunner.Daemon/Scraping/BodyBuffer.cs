using System.Runtime.CompilerServices;

namespace ModelRunner.Daemon.Scraping;

/// <summary>A growing body in a pooled array. It is limited by its own maximum and by the budget of all bodies. Not thread-safe.</summary>
internal sealed class BodyBuffer(int maxBytes, PageBodyBudget budget) : IDisposable
{
    private const int SmallestArray = 4096;

    /// <summary>The growth factor for a body of unknown length. All smaller arrays together are then a third of the last one.</summary>
    private const int GrowthFactor = 4;

    /// <summary>Up to this length an announced length is allocated at once. Beyond it the array grows with the bytes that arrive.</summary>
    private const int MaxAnnouncedAtOnce = 1024 * 1024;

    private byte[] _array = [];

    /// <summary>The announced length of the body plus one byte; 0 if no length was announced.</summary>
    private int _announcedBytes;

    /// <summary>The bytes read so far. Borrowed: valid until <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, Length);

    public int Length { get; private set; }

    /// <summary>Allocates space for a body, and for one more byte to detect its end.</summary>
    /// <param name="announcedBytes">The announced length; null if there is none.</param>
    /// <param name="lastBytes">The length of the last body of the runner. A body of this length and a little more is allocated at once.</param>
    /// <param name="cancellationToken">Ends the wait for the budget.</param>
    /// <returns>False if the budget is used up.</returns>
    public ValueTask<bool> TryExpectAsync(long? announcedBytes, int lastBytes, CancellationToken cancellationToken)
    {
        long likely = lastBytes + (lastBytes / 16L);
        _announcedBytes = (int)Math.Min((announcedBytes ?? -1) + 1, maxBytes);
        return TryGrowAsync((int)Math.Min(Math.Min(announcedBytes ?? likely, Math.Max(MaxAnnouncedAtOnce, likely)) + 1, maxBytes), cancellationToken);
    }

    /// <summary>Reads a stream to its end.</summary>
    /// <returns>False if it exceeds the limit, or if the budget is used up.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> TryReadAsync(Stream body, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Length == maxBytes)
                return await body.ReadAsync(new byte[1], cancellationToken) == 0;
            long larger = Math.Min(Math.Max(SmallestArray, (long)_array.Length * GrowthFactor), Length < _announcedBytes ? _announcedBytes : maxBytes);
            if (Length == _array.Length && !await TryGrowAsync((int)larger, cancellationToken))
                return false;
            int end = Math.Min(_array.Length, maxBytes);
            int count = await body.ReadAsync(_array.AsMemory(Length, end - Length), cancellationToken);
            if (count == 0)
                return true;
            Length += count;
        }
    }

    public void Dispose()
    {
        byte[] array = _array;
        _array = [];
        Length = 0;
        Free(array);
    }

    // The budget counts allocated arrays, and both arrays while one is copied to the other.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> TryGrowAsync(int bytes, CancellationToken cancellationToken)
    {
        if (bytes <= _array.Length)
            return true;
        int length = BufferPool.LengthFor(bytes);
        if (!await budget.TryTakeAsync(length, cancellationToken))
            return false;
        byte[] smaller = _array;
        byte[] larger = Rent(bytes, length);
        smaller.AsSpan(0, Length).CopyTo(larger);
        _array = larger;
        Free(smaller);
        return true;
    }

    // Memory may be short although the budget is not used up.
    private byte[] Rent(int bytes, int length)
    {
        try
        {
            return BufferPool.Shared.Rent(bytes);
        }
        catch (OutOfMemoryException)
        {
            budget.Return(length);
            throw;
        }
    }

    private void Free(byte[] array)
    {
        if (array.Length == 0)
            return;
        budget.Return(array.Length);
        BufferPool.Shared.Return(array);
    }
}
