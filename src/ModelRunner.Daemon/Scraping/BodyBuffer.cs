using System.Runtime.CompilerServices;

namespace ModelRunner.Daemon.Scraping;

/// <summary>A growing body in a pooled array, up to a limit.</summary>
internal sealed class BodyBuffer(int maxBytes) : IDisposable
{
    private const int SmallestArray = 4096;

    /// <summary>A length that is only told is believed up to here; beyond it the array grows with what has come.</summary>
    private const int MostOnTrust = 1024 * 1024;

    private byte[] _array = [];

    /// <summary>The bytes so far. Borrowed: only until <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, Length);

    public int Length { get; private set; }

    /// <summary>Makes room for a body of a length that was told, and one byte to see that nothing follows.</summary>
    /// <param name="bytes">The length.</param>
    /// <param name="lastBytes">The length of the runner's last body: as much came already, so it is believed.</param>
    public void Expect(int bytes, int lastBytes) => Grow(Math.Min(bytes, Math.Max(MostOnTrust, lastBytes)) + 1);

    /// <summary>Reads to the end of a stream.</summary>
    /// <returns>False where it is longer than the limit; at most one byte more than that was read then.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> TryReadAsync(Stream body, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Length == _array.Length)
                Grow(Math.Max(SmallestArray, (int)Math.Min((long)_array.Length * 2, maxBytes + 1L)));
            int end = (int)Math.Min(_array.Length, maxBytes + 1L);
            int count = await body.ReadAsync(_array.AsMemory(Length, end - Length), cancellationToken);
            if (count == 0)
                return true;
            Length += count;
            if (Length > maxBytes)
                return false;
        }
    }

    public void Dispose()
    {
        byte[] array = _array;
        _array = [];
        Length = 0;
        if (array.Length > 0)
            BufferPool.Shared.Return(array);
    }

    private void Grow(int bytes)
    {
        if (bytes <= _array.Length)
            return;
        byte[] larger = BufferPool.Shared.Rent(bytes);
        _array.AsSpan(0, Length).CopyTo(larger);
        if (_array.Length > 0)
            BufferPool.Shared.Return(_array);
        _array = larger;
    }
}
