using System.Buffers;
using ModelRunner.Linux.Memory;

namespace ModelRunner.Daemon.Inference.Bodies;

/// <summary>A whole request body in borrowed memory. Dispose it when it is no longer read.</summary>
internal sealed class RequestBody : IDisposable
{
    private readonly RequestBodies _owner;
    private byte[]? _array;
    private BodyMapping? _mapping;
    private bool _isDisposed;

    /// <summary>Creates an empty body; only <see cref="RequestBodies"/> creates and fills one.</summary>
    public RequestBody(RequestBodies owner, BodyShare share) => (_owner, Share) = (owner, share);

    private static ReadOnlySpan<byte> ByteOrderMark => [0xef, 0xbb, 0xbf];

    /// <summary>Its share of the budget.</summary>
    public BodyShare Share { get; private set; }

    /// <summary>The number of bytes that have arrived.</summary>
    public int Length { get; private set; }

    /// <summary>The number of bytes that were taken from the budget for it.</summary>
    public int Capacity { get; private set; }

    /// <summary>Whether it is kept in a mapping.</summary>
    public bool IsLarge => _mapping is not null;

    /// <summary>The bytes without a byte order mark, which some clients write and JSON readers refuse. Valid until <see cref="Dispose"/>.</summary>
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

    /// <summary>Appends bytes; the caller has made room for them.</summary>
    public void Append(ReadOnlySequence<byte> bytes)
    {
        bytes.CopyTo(Memory.Span[Length..]);
        Length += (int)bytes.Length;
    }

    /// <summary>Moves the bytes to a larger array.</summary>
    public void MoveTo(byte[] array, int capacity)
    {
        Memory[..Length].CopyTo(array);
        ReturnArray();
        (_array, Capacity) = (array, capacity);
    }

    /// <summary>Moves the bytes to a mapping, and returns the share that it had as a small body.</summary>
    public void MoveTo(BodyMapping mapping, BodyShare share, int capacity)
    {
        Memory[..Length].CopyTo(mapping.Memory);
        ReturnArray();
        Share.Dispose();
        (_mapping, Share, Capacity) = (mapping, share, capacity);
    }

    /// <summary>Adds to the number of bytes that were taken for it.</summary>
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
