namespace ModelRunner.Daemon.Inference.Recording;

/// <summary>A copy of the beginning of a body, up to a limit. Thread-safe.</summary>
/// <param name="maxBytes">The most bytes that are copied.</param>
/// <param name="tryTake">Takes bytes from the common budget; false: there are not enough.</param>
internal sealed class BodyCopy(int maxBytes, Func<int, bool> tryTake)
{
    private const int MinBytes = 1024;

    private readonly Lock _lock = new();
    private byte[] _bytes = [];
    private int _length;
    private bool _isClosed;

    /// <summary>Whether the body is longer than the copy.</summary>
    public bool IsCut { get; private set; }

    /// <summary>All bytes of the body, copied or not.</summary>
    public long Received { get; private set; }

    /// <summary>Appends a part of the body. It never waits and never fails.</summary>
    public void Append(ReadOnlySpan<byte> piece)
    {
        lock (_lock)
        {
            if (_isClosed)
                return;
            Received += piece.Length;
            if (IsCut)
                return;
            int wanted = Math.Min(_length + piece.Length, maxBytes);
            if (wanted > _bytes.Length)
                Grow(wanted);
            int count = Math.Min(wanted, _bytes.Length) - _length;
            piece[..count].CopyTo(_bytes.AsSpan(_length));
            _length += count;
            IsCut = count < piece.Length;
        }
    }

    /// <summary>Takes the copy. Later parts are ignored.</summary>
    /// <param name="taken">The bytes that were taken from the budget, which the caller returns.</param>
    public ReadOnlyMemory<byte> Close(out int taken)
    {
        lock (_lock)
        {
            _isClosed = true;
            (byte[] bytes, _bytes) = (_bytes, []);
            taken = bytes.Length;
            return bytes.AsMemory(0, _length);
        }
    }

    private void Grow(int wanted)
    {
        int size = (int)Math.Min(maxBytes, Math.Max(Math.Max(wanted, MinBytes), 2L * _bytes.Length));
        if (tryTake(size - _bytes.Length))
            Array.Resize(ref _bytes, size);
    }
}
