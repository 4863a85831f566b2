using System.Numerics;

namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// Arrays for bodies and pages, by size. The shared pool of the runtime keeps some dozens of arrays of a size, so that a page of hundreds of
/// runners would allocate most of them anew, large ones on the heap that is collected last. Thread-safe.
/// </summary>
internal sealed class BufferPool
{
    /// <summary>The bytes that are kept for later at most; what comes back beyond that is left to the garbage collector.</summary>
    public const long MaxKeptBytes = 512L * 1024 * 1024;

    /// <summary>The length of the smallest array.</summary>
    public const int Smallest = 1 << SmallestBits;

    private const long MuchBytes = 32L * 1024 * 1024;
    private const int SmallestBits = 12;
    private const int MaxBits = 30;
    private readonly Stack<byte[]>[] _kept = [.. Enumerable.Range(0, SizeOf(1 << MaxBits).Index + 1).Select(static _ => new Stack<byte[]>())];
    private long _keptBytes;

    /// <summary>The pool of the process.</summary>
    public static BufferPool Shared { get; } = new();

    /// <summary>The bytes that are kept.</summary>
    public long KeptBytes => Interlocked.Read(ref _keptBytes);

    /// <summary>
    /// Gives an array of at least this length, and at most a quarter longer, with any content. It belongs to the caller until it is returned.
    /// </summary>
    public byte[] Rent(int minimumLength)
    {
        if (minimumLength > 1 << MaxBits)
            return GC.AllocateUninitializedArray<byte>(minimumLength);
        (int index, int length) = SizeOf(minimumLength);
        Stack<byte[]> kept = _kept[index];
        lock (kept)
        {
            if (kept.TryPop(out byte[]? array))
            {
                Interlocked.Add(ref _keptBytes, -length);
                return array;
            }
        }

        return GC.AllocateUninitializedArray<byte>(length);
    }

    /// <summary>The length of the array that <see cref="Rent"/> gives.</summary>
    public static int LengthFor(int minimumLength) => minimumLength > 1 << MaxBits ? minimumLength : SizeOf(minimumLength).Length;

    /// <summary>Takes back an array. Nobody may use it any more.</summary>
    /// <exception cref="ArgumentException">The array was not rented here.</exception>
    public void Return(byte[] array)
    {
        if (array.Length > 1 << MaxBits)
            return;
        (int index, int length) = SizeOf(array.Length);
        if (array.Length != length)
            throw new ArgumentException($"An array of {array.Length} bytes is none of this pool.", nameof(array));
        if (Interlocked.Add(ref _keptBytes, length) > MaxKeptBytes)
        {
            Interlocked.Add(ref _keptBytes, -length);
            return;
        }

        Stack<byte[]> kept = _kept[index];
        lock (kept)
            kept.Push(array);
    }

    /// <summary>Lets go of everything that is kept, and where that is much gives it back to the system.</summary>
    public void Trim()
    {
        bool isMuch = KeptBytes > MuchBytes;
        foreach (Stack<byte[]> kept in _kept)
        {
            lock (kept)
            {
                foreach (byte[] array in kept)
                    Interlocked.Add(ref _keptBytes, -array.Length);
                kept.Clear();
                kept.TrimExcess();
            }
        }

        // Whoever is idle allocates nothing, so the collector would not come by itself.
        if (isMuch)
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
    }

    // Four sizes between one power of two and the next.
    private static (int Index, int Length) SizeOf(int minimumLength)
    {
        if (minimumLength <= Smallest)
            return (0, Smallest);
        int bits = BitOperations.Log2((uint)(minimumLength - 1));
        int quarter = ((minimumLength - 1) >> (bits - 2)) - 3;
        return (((bits - SmallestBits) * 4) + quarter, (1 << bits) + (quarter << (bits - 2)));
    }
}
