using System.Buffers;
using ModelRunner.Linux.Memory;

namespace ModelRunner.Daemon.Inference.Bodies;

/// <summary>The whole body of a request in borrowed memory; dispose it when nobody reads it any more.</summary>
internal sealed class RequestBody : IDisposable
{
    private readonly RequestBodies _owner;
    private byte[]? _array;
    private BodyMapping? _mapping;
    private bool _isDisposed;

    /// <summary>An empty body; only <see cref="RequestBodies"/> makes and fills one.</summary>
    public RequestBody(RequestBodies owner, BodyShare share) => (_owner, Share) = (owner, share);

    private static ReadOnlySpan<byte> ByteOrderMark => [0xef, 0xbb, 0xbf];

    /// <summary>What it holds of the budget.</summary>
    public BodyShare Share { get; private set; }

    /// <summary>How many bytes have come.</summary>
    public int Length { get; private set; }

    /// <summary>How many bytes of the budget were taken for it.</summary>
    public int Capacity { get; private set; }

    /// <summary>Whether it is in a mapping.</summary>
    public bool IsLarge => _mapping is not null;

    /// <summary>The bytes without the byte order mark that some clients write and readers of JSON refuse; valid until <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Bytes
    {
        get
        {
            ReadOnlyMemory<byte> bytes = Memory[..Length];
            return bytes.Span.StartsWith(ByteOrderMark) ? bytes[ByteOrderMark.Length..] : bytes;
        }
    }

    private Memory<byte> Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _mapping is not null ? _mapping.Memory : _array;
        }
    }

    /// <summary>Adds bytes; there must be room for them.</summary>
    public void Append(ReadOnlySequence<byte> bytes)
    {
        bytes.CopyTo(Memory.Span[Length..]);
        Length += (int)bytes.Length;
    }

    /// <summary>Moves what has come to a larger array.</summary>
    public void MoveTo(byte[] array, int capacity)
    {
        Memory[..Length].CopyTo(array);
        ReturnArray();
        (_array, Capacity) = (array, capacity);
    }

    /// <summary>Moves what has come to a mapping, and gives back the share that it had as a small one.</summary>
    public void MoveTo(BodyMapping mapping, BodyShare share, int capacity)
    {
        Memory[..Length].CopyTo(mapping.Memory);
        ReturnArray();
        Share.Dispose();
        (_mapping, Share, Capacity) = (mapping, share, capacity);
    }

    /// <summary>So many bytes more were taken for it.</summary>
    public void Grow(int bytes) => Capacity += bytes;

    public void Dispose()
    {
        if (_isDisposed)
            return;

        _isDisposed = true;
        ReturnArray();
        if (_mapping is not null)
            _owner.Return(_mapping);
        _mapping = null;
        Share.Dispose();
    }

    private void ReturnArray()
    {
        if (_array is not null)
            ArrayPool<byte>.Shared.Return(_array);
        _array = null;
    }
}
