using System.Runtime.CompilerServices;

namespace ModelRunner.Daemon.Scraping;

/// <summary>A growing body in a pooled array, up to a limit of its own and to what is left of the budget of all bodies.</summary>
internal sealed class BodyBuffer(int maxBytes, BodyBudget budget) : IDisposable
{
    private const int SmallestArray = 4096;

    /// <summary>A body of unknown length is copied to an array so many times longer. The shorter ones together are a third of it then.</summary>
    private const int GrowthFactor = 4;

    /// <summary>A length that is only told is believed up to here; beyond it the array grows with what has come.</summary>
    private const int MaxOnTrust = 1024 * 1024;

    private byte[] _array = [];

    /// <summary>What the body and one byte behind it need, where its length was told; else 0.</summary>
    private int _wholeBytes;

    /// <summary>The bytes so far. Borrowed: only until <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, Length);

    public int Length { get; private set; }

    /// <summary>Makes room for a body, and for one byte to see that nothing follows.</summary>
    /// <param name="toldBytes">The length that was told; null where none was.</param>
    /// <param name="lastBytes">The length of the runner's last body: as much came already, so it is believed, and a little more.</param>
    /// <param name="cancellationToken">Ends the wait for room in the budget.</param>
    /// <returns>False where the budget is used up.</returns>
    public ValueTask<bool> TryExpectAsync(long? toldBytes, int lastBytes, CancellationToken cancellationToken)
    {
        long likely = lastBytes + (lastBytes / 16L);
        _wholeBytes = (int)Math.Min((toldBytes ?? -1) + 1, maxBytes);
        return TryGrowAsync((int)Math.Min(Math.Min(toldBytes ?? likely, Math.Max(MaxOnTrust, likely)) + 1, maxBytes), cancellationToken);
    }

    /// <summary>Reads to the end of a stream.</summary>
    /// <returns>False where it is longer than the limit, or the budget is used up.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> TryReadAsync(Stream body, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Length == maxBytes)
                return await body.ReadAsync(new byte[1], cancellationToken) == 0;
            long larger = Math.Min(Math.Max(SmallestArray, (long)_array.Length * GrowthFactor), Length < _wholeBytes ? _wholeBytes : maxBytes);
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
        LetGo(array);
    }

    // The budget counts what is in memory: the arrays, both while one is copied to the other.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> TryGrowAsync(int bytes, CancellationToken cancellationToken)
    {
        if (bytes <= _array.Length)
            return true;
        int length = BufferPool.LengthFor(bytes);
        if (!await budget.TryTakeAsync(length, cancellationToken))
            return false;
        byte[] smaller = _array;
        byte[] larger = BufferPool.Shared.Rent(bytes);
        smaller.AsSpan(0, Length).CopyTo(larger);
        _array = larger;
        LetGo(smaller);
        return true;
    }

    private void LetGo(byte[] array)
    {
        if (array.Length == 0)
            return;
        budget.Return(array.Length);
        BufferPool.Shared.Return(array);
    }
}
