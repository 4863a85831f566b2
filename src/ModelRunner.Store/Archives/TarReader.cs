using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using ModelRunner.Store.Artifacts;

namespace ModelRunner.Store.Archives;

/// <summary>
/// Reads a tar archive from a stream, once, from its beginning to its end: "ustar" with the extensions of POSIX (pax) and of GNU for long names and
/// large files. An archive may be malicious: the number of entries and the length of names are limited, and nothing is kept but one entry.
/// </summary>
/// <remarks>All methods throw <see cref="ArchiveException"/> if the archive is damaged.</remarks>
/// <param name="stream">The archive.</param>
internal sealed class TarReader(Stream stream)
{
    /// <summary>The most entries, those with names of other entries included. A model has at most <see cref="ManifestReader.MaxLayers"/> files.</summary>
    public const int MaxEntries = 10_000;

    private const int MaxValues = 16;
    private const int MaxValue = 1024;
    private const int MaxExtension = 64 * 1024;

    private readonly byte[] _header = new byte[TarHeader.Block];
    private readonly byte[] _skipped = new byte[64 * 1024];
    private long _left;
    private int _padding;
    private int _entries;
    private string? _longName;
    private string? _path;
    private long? _size;

    /// <summary>Values for the whole archive.</summary>
    public Dictionary<string, string> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>Goes to the next entry, past the rest of this one. Null: the archive ends.</summary>
    public async ValueTask<TarEntry?> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await SkipAsync(_left + _padding, cancellationToken);
            (_left, _padding) = (0, 0);
            if (!await ReadHeaderAsync(cancellationToken))
                return null;
            if (++_entries > MaxEntries)
                throw new ArchiveException($"has more than {MaxEntries} entries, more than a model needs");

            char kind = (char)_header[156];
            long size = ReadNumber(_header.AsSpan(124, 12));
            if (kind is 'L' or 'K' or 'x' or 'g')
            {
                await ReadExtensionAsync(kind, size, cancellationToken);
                continue;
            }

            // Links, devices and folders have no content, whatever their size says (POSIX.1-2001, "ustar Interchange Format").
            bool isFile = kind is '0' or '\0' or '7';
            size = isFile ? _size ?? size : 0;
            string name = _path ?? _longName ?? ReadName();
            (_longName, _path, _size) = (null, null, null);
            Begin(size);
            return new TarEntry(name, size, isFile);
        }
    }

    /// <summary>Reads content of the entry. 0: it has no more.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int wanted = (int)Math.Min(buffer.Length, _left);
        if (wanted == 0)
            return 0;
        int read = await stream.ReadAsync(buffer[..wanted], cancellationToken);
        if (read == 0)
            throw Truncated();
        _left -= read;
        return read;
    }

    /// <summary>Reads the whole content of the entry.</summary>
    public async ValueTask<byte[]> ReadAllAsync(CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[_left];
        await ReadExactlyAsync(bytes, cancellationToken);
        _left = 0;
        return bytes;
    }

    private async ValueTask<bool> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        int read = await stream.ReadAtLeastAsync(_header, TarHeader.Block, throwOnEndOfStream: false, cancellationToken);
        if (read == 0 && _entries > 0)
            return false;
        if (read < TarHeader.Block)
            throw read == 0 ? new ArchiveException("is empty") : Truncated();
        if (!_header.AsSpan().ContainsAnyExcept((byte)0))
            return false;
        if (FindNumber(_header.AsSpan(148, 8)) != Checksum())
            throw new ArchiveException(_entries == 0 ? DescribeOther() : "is damaged: the checksum of a header is wrong");
        return true;
    }

    private string DescribeOther() => _header switch
    {
        [0x1f, 0x8b, ..] or [0x28, 0xb5, 0x2f, 0xfd, ..] or [0xfd, (byte)'7', (byte)'z', ..] or [(byte)'B', (byte)'Z', (byte)'h', ..] =>
            "is compressed; decompress it first, for example with \"gunzip --stdout FILE | model-runner load -i -\"",
        [(byte)'G', (byte)'G', (byte)'U', (byte)'F', ..] => "is a GGUF file; \"model-runner package --gguf FILE NAME\" makes a model of it",
        _ => "is no tar archive; \"model-runner save\" makes one of a model",
    };

    private long Checksum()
    {
        long sum = 0;
        for (int i = 0; i < _header.Length; i++)
            sum += i is >= 148 and < 156 ? ' ' : _header[i];
        return sum;
    }

    private async ValueTask ReadExtensionAsync(char kind, long size, CancellationToken cancellationToken)
    {
        if (size > MaxExtension)
            throw new ArchiveException($"has a name or another value of {size} bytes; at most {MaxExtension} are read");
        Begin(size);
        byte[] bytes = await ReadAllAsync(cancellationToken);
        if (kind == 'L')
            _longName = Text(bytes);
        else if (kind != 'K')
            ReadRecords(bytes, kind == 'g');
    }

    // Each record is "LENGTH KEY=VALUE\n".
    private void ReadRecords(ReadOnlySpan<byte> bytes, bool isGlobal)
    {
        while (bytes.Length > 0)
        {
            int space = bytes.IndexOf((byte)' ');
            if (space <= 0 || !int.TryParse(bytes[..space], NumberStyles.None, CultureInfo.InvariantCulture, out int length)
                || length <= space + 1 || length > bytes.Length || bytes[length - 1] != '\n')
                throw new ArchiveException("is damaged: an extended header cannot be understood");

            string record = Encoding.UTF8.GetString(bytes[(space + 1)..(length - 1)]);
            bytes = bytes[length..];
            int equals = record.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                throw new ArchiveException("is damaged: an extended header cannot be understood");
            Take(record[..equals], record[(equals + 1)..], isGlobal);
        }
    }

    private void Take(string key, string value, bool isGlobal)
    {
        if (isGlobal)
            Keep(key, value);
        else if (key == "path")
            _path = value;
        else if (key == "size")
            _size = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long size) ? Check(size) : throw ImpossibleSize();
    }

    // An archive may have any number of them.
    private void Keep(string key, string value)
    {
        if (value.Length <= MaxValue && (Values.Count < MaxValues || Values.ContainsKey(key)))
            Values[key] = value;
    }

    private string ReadName()
    {
        string name = Text(_header.AsSpan(0, 100));
        bool hasPrefix = _header.AsSpan(257, 6).SequenceEqual("ustar\0"u8) && _header[345] != 0;
        return hasPrefix ? $"{Text(_header.AsSpan(345, 155))}/{name}" : name;
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes.IndexOf((byte)0) is >= 0 and var end ? bytes[..end] : bytes);

    private static long ReadNumber(ReadOnlySpan<byte> field) => FindNumber(field) is { } number ? Check(number) : throw ImpossibleSize();

    private static long? FindNumber(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0)
        {
            // GNU's binary form: the last bytes are the number. A negative one has other first bytes.
            return field[0] == 0x80 && field.Length > 8 && !field[1..^8].ContainsAnyExcept((byte)0) ? BinaryPrimitives.ReadInt64BigEndian(field[^8..]) : null;
        }

        long number = 0;
        foreach (byte digit in field.Trim([(byte)' ', (byte)0]))
        {
            if (digit is < (byte)'0' or > (byte)'7')
                return null;
            number = (number * 8) + digit - '0';
        }

        return number;
    }

    private static long Check(long size) => size is >= 0 and <= Descriptor.MaxSize ? size : throw ImpossibleSize();

    private static ArchiveException ImpossibleSize() => new("is damaged: a number in a header is impossible");

    private static ArchiveException Truncated() => new("ends too early; copy it again");

    private void Begin(long size) => (_left, _padding) = (size, TarHeader.PaddingOf(size));

    private async ValueTask ReadExactlyAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken) < buffer.Length)
            throw Truncated();
    }

    private async ValueTask SkipAsync(long bytes, CancellationToken cancellationToken)
    {
        while (bytes > 0)
        {
            int part = (int)Math.Min(bytes, _skipped.Length);
            await ReadExactlyAsync(_skipped.AsMemory(0, part), cancellationToken);
            bytes -= part;
        }
    }
}
