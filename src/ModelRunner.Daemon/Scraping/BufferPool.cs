using System.Numerics;

namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// Pools byte arrays for bodies and pages, grouped by size. The shared pool of the runtime keeps only some dozens of arrays of each size. A
/// page of hundreds of runners would allocate most of its arrays again, and large ones on the large object heap. Thread-safe.
/// </summary>
internal sealed class BufferPool
{
    /// <summary>The most bytes that the pool keeps. Arrays returned beyond that are left to the garbage collector.</summary>
    public const long MaxKeptBytes = 512L * 1024 * 1024;

    /// <summary>The length of the smallest array, in bytes.</summary>
    public const int Smallest = 1 << SmallestBits;

    private const long CollectThreshold = 32L * 1024 * 1024;
    private const int SmallestBits = 12;
    private const int MaxBits = 30;
    private readonly Stack<byte[]>[] _kept = [.. Enumerable.Range(0, SizeOf(1 << MaxBits).Index + 1).Select(static _ => new Stack<byte[]>())];
    private long _keptBytes;

    /// <summary>The pool that the whole process shares.</summary>
    public static BufferPool Shared { get; } = new();

    /// <summary>The bytes that the pool keeps now.</summary>
    public long KeptBytes => Interlocked.Read(ref _keptBytes);

    /// <summary>
    /// Returns an array of at least this length and at most a quarter longer. Its content is undefined. The caller owns it until
    /// <see cref="Return"/>.
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

    /// <summary>The length of the array that <see cref="Rent"/> returns.</summary>
    public static int LengthFor(int minimumLength) => minimumLength > 1 << MaxBits ? minimumLength : SizeOf(minimumLength).Length;

    /// <summary>Takes back an array. The caller must not use it afterwards.</summary>
    /// <exception cref="ArgumentException">The length of the array is none of this pool.</exception>
    public void Return(byte[] array)
    {
        if (array.Length > 1 << MaxBits)
            return;
        (int index, int length) = SizeOf(array.Length);
        if (array.Length != length)
            throw new ArgumentException($"An array of {array.Length} bytes does not belong to this pool.", nameof(array));
        if (Interlocked.Add(ref _keptBytes, length) > MaxKeptBytes)
        {
            Interlocked.Add(ref _keptBytes, -length);
            return;
        }

        Stack<byte[]> kept = _kept[index];
        lock (kept)
            kept.Push(array);
    }

    /// <summary>
    /// Frees all arrays in the pool. If they are more than 32 MiB, it also runs a garbage collection, which returns the memory to the system.
    /// </summary>
    public void Trim()
    {
        bool isLarge = KeptBytes > CollectThreshold;
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

        // An idle process allocates nothing, so no collection would start by itself.
        if (isLarge)
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
    }

    // There are four sizes between two powers of two.
    private static (int Index, int Length) SizeOf(int minimumLength)
    {
        if (minimumLength <= Smallest)
            return (0, Smallest);
        int bits = BitOperations.Log2((uint)(minimumLength - 1));
        int quarter = ((minimumLength - 1) >> (bits - 2)) - 3;
        return (((bits - SmallestBits) * 4) + quarter, (1 << bits) + (quarter << (bits - 2)));
    }
}
