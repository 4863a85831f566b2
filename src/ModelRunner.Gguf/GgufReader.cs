using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace ModelRunner.Gguf;

/// <summary>
/// Reads the primitive values of a GGUF file through one small buffer. Every length is checked against the size of the file before anything is
/// allocated or skipped, and the whole header has a size limit. So no file can take much memory or time.
/// </summary>
/// <remarks>
/// All methods throw <see cref="InvalidDataException"/> where the file is damaged, and <see cref="IncompleteFileException"/> where it ends too early. The
/// message is a clause that follows its name.
/// </remarks>
internal sealed class GgufReader(Stream stream)
{
    private const int BufferBytes = 32 * 1024;

    /// <summary>
    /// The longest header that is read. The largest vocabularies in use take about 20 MiB. A sparse file of a terabyte takes no disk space,
    /// and its zeros read as billions of empty texts.
    /// </summary>
    private const long MaxHeaderBytes = 64L << 20;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly long _length = stream.Length;
    private int _start;
    private int _end;

    /// <summary>The number of bytes before the next one.</summary>
    public long Position { get; private set; }

    /// <summary>The number of bytes of the file.</summary>
    public long Length => _length;

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>Reads a text. It must not have more bytes than the limit.</summary>
    public string ReadText(int maxBytes, string meaning)
    {
        ulong length = ReadUInt64();
        if (length > (ulong)maxBytes)
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"is damaged: {meaning} of {length} bytes"));

        return Encoding.UTF8.GetString(Take((int)length));
    }

    /// <summary>Reads a text; one that does not fit into the buffer is skipped, and the result is null.</summary>
    public string? FindText()
    {
        ulong length = ReadUInt64();
        if (length <= BufferBytes)
            return Encoding.UTF8.GetString(Take((int)length));
        Skip(length);
        return null;
    }

    /// <summary>Skips a text of any length.</summary>
    public void SkipText() => Skip(ReadUInt64());

    /// <summary>Reads a value of any integer type, or a Boolean as 0 or 1. A value of another type is skipped, and the result is null.</summary>
    public long? ReadInteger(GgufValueType type)
    {
        switch (type)
        {
            case GgufValueType.UInt8: return Take(1)[0];
            case GgufValueType.Bool: return Take(1)[0] == 0 ? 0 : 1;
            case GgufValueType.Int8: return (sbyte)Take(1)[0];
            case GgufValueType.UInt16: return BinaryPrimitives.ReadUInt16LittleEndian(Take(2));
            case GgufValueType.Int16: return BinaryPrimitives.ReadInt16LittleEndian(Take(2));
            case GgufValueType.UInt32: return ReadUInt32();
            case GgufValueType.Int32: return BinaryPrimitives.ReadInt32LittleEndian(Take(4));
            case GgufValueType.UInt64: return (long)Math.Min(ReadUInt64(), long.MaxValue);
            case GgufValueType.Int64: return BinaryPrimitives.ReadInt64LittleEndian(Take(8));
            default:
                Skip((ulong)SizeOf(type));
                return null;
        }
    }

    /// <summary>The size of a value of a type with a fixed size.</summary>
    public static int SizeOf(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        GgufValueType.UInt64 or GgufValueType.Int64 or GgufValueType.Float64 => 8,
        _ => throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"is damaged: a value of unknown type {(uint)type}")),
    };

    /// <summary>Skips bytes. The file must have them.</summary>
    public void Skip(ulong bytes)
    {
        Expect(bytes);
        Position += (long)bytes;
        if ((long)bytes <= _end - _start)
        {
            _start += (int)bytes;
            return;
        }

        _start = _end = 0;
        stream.Seek(Position, SeekOrigin.Begin);
    }

    /// <summary>Reads the next bytes. The result is valid until the next call.</summary>
    private ReadOnlySpan<byte> Take(int count)
    {
        Expect((ulong)count);
        if (count > _end - _start)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
            _end += stream.ReadAtLeast(_buffer.AsSpan(_end), count - _end, throwOnEndOfStream: false);
            if (count > _end)
                throw Truncated();
        }

        ReadOnlySpan<byte> taken = _buffer.AsSpan(_start, count);
        _start += count;
        Position += count;
        return taken;
    }

    private void Expect(ulong bytes)
    {
        if (bytes > (ulong)(_length - Position))
            throw Truncated();
        if (Position + (long)bytes > MaxHeaderBytes)
            throw new InvalidDataException($"has a header of more than {MaxHeaderBytes >> 20} MiB, more than a model needs");
    }

    private IncompleteFileException Truncated() => new(
        string.Create(CultureInfo.InvariantCulture, $"it has {_length} bytes, which is less than its header"),
        string.Create(CultureInfo.InvariantCulture, $"is cut off within its header, at {_length} bytes"));
}
