using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Merging;

/// <summary>A hash table of all metric names of a page.</summary>
internal sealed class NameTable
{
    private const int None = -1;
    private const int KeepBytes = 256 * 1024;

    private readonly ByteBuilder _bytes = new();
    private NameEntry[] _entries = new NameEntry[DebugSizes.Pick(64, 1)];
    private int[] _buckets = new int[DebugSizes.Pick(128, 2)];

    // The name that was looked up last, or -1.
    private int _last = None;

    public int Count { get; private set; }

    public ref NameEntry this[int index] => ref _entries[index];

    /// <summary>The bytes of a name. Borrowed: valid until the next call of <see cref="GetOrAdd"/> or <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Name(int index) => _bytes.Written.Slice(_entries[index].Start, _entries[index].Length);

    /// <summary>
    /// Returns the index of a name and adds it if needed. The lookup is skipped if the name is the one of the last call, or the one that
    /// followed it before: similar sources have the same names in the same order.
    /// </summary>
    public int GetOrAdd(ReadOnlySpan<byte> name)
    {
        if (_last >= 0)
        {
            if (Name(_last).SequenceEqual(name))
                return _last;
            var next = _entries[_last].Next;
            if (next >= 0 && Name(next).SequenceEqual(name))
                return _last = next;
        }

        var found = FindOrAdd(name);
        if (_last >= 0)
            _entries[_last].Next = found;
        return _last = found;
    }

    /// <summary>As a call of <see cref="GetOrAdd"/> that returns this index.</summary>
    public void Reuse(int index)
    {
        if (_last >= 0 && _last != index)
            _entries[_last].Next = index;
        _last = index;
    }

    /// <summary>The index of a name, or -1.</summary>
    public int Find(ReadOnlySpan<byte> name) => Find(name, SeriesHash.Of(name), out _);

    /// <summary>The index of a name with a suffix, or -1.</summary>
    public int Find(int index, ReadOnlySpan<byte> suffix)
    {
        var name = Name(index);
        var length = name.Length + suffix.Length;
        Span<byte> whole = length <= 256 ? stackalloc byte[256] : new byte[length];
        name.CopyTo(whole);
        suffix.CopyTo(whole[name.Length..]);
        return Find(whole[..length]);
    }

    /// <summary>Removes the declarations of a name. The name itself stays: a name without samples and type is not written.</summary>
    public void Blank(int index)
    {
        ref var entry = ref _entries[index];
        var next = entry.Next;
        entry = New(index, entry.Hash, entry.Start, entry.Length, entry.IsQuoted);
        entry.Next = next;
    }

    public void Clear()
    {
        Count = 0;
        _last = None;
        _bytes.Trim(KeepBytes);
        if (_buckets.Length > KeepBytes / sizeof(int))
        {
            _buckets = new int[DebugSizes.Pick(128, 2)];
            _entries = new NameEntry[DebugSizes.Pick(64, 1)];
        }
        else
        {
            Array.Clear(_buckets);
        }
    }

    private static NameEntry New(int index, ulong hash, int start, int length, bool isQuoted) => new()
    {
        Hash = hash,
        Start = start,
        Length = length,
        IsQuoted = isQuoted,
        Next = None,
        LastSource = -1,
        FirstHelp = -1,
        LastHelpSource = -1,
        Unit = -1,
        LastUnitSource = -1,
        LastTypeSource = -1,
        FirstSpan = -1,
        LastSpan = -1,
        Family = index,
        GaugeRoot = -1,
    };

    private int FindOrAdd(ReadOnlySpan<byte> name)
    {
        var hash = SeriesHash.Of(name);
        var found = Find(name, hash, out var bucket);
        if (found >= 0)
            return found;
        if (Count * 2 >= _buckets.Length)
        {
            Grow();
            Find(name, hash, out bucket);
        }

        if (Count == _entries.Length)
            Array.Resize(ref _entries, Count * 2);
        _entries[Count] = New(Count, hash, _bytes.Length, name.Length, !Characters.IsMetricName(name));
        _bytes.Append(name);
        _buckets[bucket] = Count + 1;
        return Count++;
    }

    private int Find(ReadOnlySpan<byte> name, ulong hash, out int bucket)
    {
        var mask = _buckets.Length - 1;
        bucket = (int)(hash >> 32) & mask;
        while (true)
        {
            var index = _buckets[bucket] - 1;
            if (index < 0)
                return -1;
            if (_entries[index].Hash == hash && Name(index).SequenceEqual(name))
                return index;
            bucket = (bucket + 1) & mask;
        }
    }

    private void Grow()
    {
        _buckets = new int[_buckets.Length * 2];
        var mask = _buckets.Length - 1;
        for (var index = 0; index < Count; index++)
        {
            var bucket = (int)(_entries[index].Hash >> 32) & mask;
            while (_buckets[bucket] != 0)
                bucket = (bucket + 1) & mask;
            _buckets[bucket] = index + 1;
        }
    }
}
