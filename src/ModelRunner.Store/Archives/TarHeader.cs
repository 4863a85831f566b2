using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace ModelRunner.Store.Archives;

/// <summary>
/// Writes the headers of a tar archive (POSIX.1-2001, "ustar"). They depend on names and sizes only, so the length of an archive is known before its
/// first byte, and equal files make equal archives. A size from 8 GiB on is written in GNU's binary form.
/// </summary>
internal static class TarHeader
{
    /// <summary>Headers and files are padded to blocks of this many bytes.</summary>
    public const int Block = 512;

    private const int MaxName = 100;
    private const long MaxOctal = (1L << 33) - 1;

    /// <summary>Two empty blocks end an archive.</summary>
    public static byte[] End { get; } = new byte[2 * Block];

    /// <summary>The header of a file.</summary>
    public static byte[] OfFile(string name, long size) => name.Length <= MaxName
        ? Write('0', name, size)
        : [.. Extended('x', "path", name), .. Write('0', name[..MaxName], size)];

    /// <summary>The header of a folder.</summary>
    public static byte[] OfFolder(string name) => Write('5', name, 0);

    /// <summary>A value for the whole archive. Readers pass over keys that they do not know.</summary>
    public static byte[] OfValue(string key, string value) => Extended('g', key, value);

    /// <summary>The empty bytes between a file and the next header.</summary>
    public static int PaddingOf(long size) => (int)((Block - (size % Block)) % Block);

    private static byte[] Extended(char kind, string key, string value)
    {
        byte[] record = Encoding.UTF8.GetBytes(Record(key, value));
        return [.. Write(kind, "pax_header", record.Length), .. record, .. new byte[PaddingOf(record.Length)]];
    }

    // A record begins with its own length, which counts the digits of the length too.
    private static string Record(string key, string value)
    {
        int rest = Encoding.UTF8.GetByteCount(value) + key.Length + 3;
        int length = rest;
        while (rest + length.ToString(CultureInfo.InvariantCulture).Length != length)
            length = rest + length.ToString(CultureInfo.InvariantCulture).Length;
        return string.Create(CultureInfo.InvariantCulture, $"{length} {key}={value}\n");
    }

    private static byte[] Write(char kind, string name, long size)
    {
        byte[] header = new byte[Block];
        Encoding.ASCII.GetBytes(name, header);
        WriteOctal(header.AsSpan(100, 8), kind == '5' ? 0b111_101_101 : 0b110_100_100);
        WriteOctal(header.AsSpan(108, 8), 0);
        WriteOctal(header.AsSpan(116, 8), 0);
        if (size <= MaxOctal)
        {
            WriteOctal(header.AsSpan(124, 12), size);
        }
        else
        {
            header[124] = 0x80;
            BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(128, 8), size);
        }

        WriteOctal(header.AsSpan(136, 12), 0);
        header[156] = (byte)kind;
        "ustar\000"u8.CopyTo(header.AsSpan(257));
        header.AsSpan(148, 8).Fill((byte)' ');
        WriteOctal(header.AsSpan(148, 7), header.Sum(static value => value));
        return header;
    }

    private static void WriteOctal(Span<byte> field, long value) =>
        Encoding.ASCII.GetBytes(Convert.ToString(value, 8).PadLeft(field.Length - 1, '0'), field);
}
