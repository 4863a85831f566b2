using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace ModelRunner.LlamaHost.Loading;

/// <summary>
/// A glance at the head of a GGUF file for the one value that makes llama.cpp abort the whole process instead of failing: a number of
/// layers beyond what it has room for. Everything else that is wrong with a file llama.cpp reports itself.
/// </summary>
internal static class GgufHead
{
    /// <summary>The most layers that llama.cpp has room for (<c>LLAMA_MAX_LAYERS</c>).</summary>
    public const long MaxLayers = 512;

    private const uint Magic = 0x46554747;
    private const uint TextType = 8;
    private const uint ArrayType = 9;
    private const ulong MaxValues = 65_536;
    private const ulong MaxKeyBytes = 65_535;

    // The size of a value by its type: 8 and 16 bit, 32 bit, bool, text, array, 64 bit. Zero: the size stands in the file.
    private static readonly int[] Sizes = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];

    /// <summary>Refuses a file whose number of layers llama.cpp cannot bear.</summary>
    /// <exception cref="ModelLoadException">It has more layers than <see cref="MaxLayers"/>.</exception>
    public static void Check(string path)
    {
        using FileStream file = File.OpenRead(path);
        if (ReadBlockCount(file) is not { } layers || layers is >= 0 and <= MaxLayers)
            return;
        throw new ModelLoadException(string.Create(
            CultureInfo.InvariantCulture,
            $"error loading model: the file says that it has {layers} layers; llama.cpp has room for {MaxLayers}"));
    }

    /// <summary>Reads the value whose key ends in <c>.block_count</c>; null where there is none or the file is not understood.</summary>
    public static long? ReadBlockCount(Stream file)
    {
        try
        {
            using var reader = new BinaryReader(new BufferedStream(file, 65_536), Encoding.UTF8, leaveOpen: true);
            if (reader.ReadUInt32() != Magic || reader.ReadUInt32() is not (2 or 3))
                return null;
            reader.ReadUInt64();
            ulong values = Math.Min(reader.ReadUInt64(), MaxValues);
            for (ulong i = 0; i < values; i++)
            {
                ulong length = reader.ReadUInt64();
                if (length > MaxKeyBytes)
                    return null;
                byte[] key = reader.ReadBytes((int)length);
                uint type = reader.ReadUInt32();
                if (key.AsSpan().EndsWith(".block_count"u8))
                    return ReadInteger(reader, type);
                if (!Skip(reader, type, 1))
                    return null;
            }
        }
        catch (IOException)
        {
            // The file ends before its head does: llama.cpp says so better.
        }

        return null;
    }

    private static long? ReadInteger(BinaryReader reader, uint type)
    {
        if (type >= Sizes.Length || type is TextType or ArrayType or 6 or 12)
            return null;
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        reader.BaseStream.ReadExactly(bytes[..Sizes[type]]);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }

    private static bool Skip(BinaryReader reader, uint type, ulong count)
    {
        if (type >= Sizes.Length)
            return false;
        if (type == TextType)
        {
            for (ulong i = 0; i < count; i++)
            {
                if (!SkipBytes(reader, reader.ReadUInt64()))
                    return false;
            }

            return true;
        }

        if (type != ArrayType)
            return SkipBytes(reader, count * (ulong)Sizes[type]);
        uint element = reader.ReadUInt32();
        return count == 1 && element != ArrayType && Skip(reader, element, reader.ReadUInt64());
    }

    private static bool SkipBytes(BinaryReader reader, ulong bytes)
    {
        Stream stream = reader.BaseStream;
        if (bytes > (ulong)(stream.Length - stream.Position))
            return false;
        stream.Seek((long)bytes, SeekOrigin.Current);
        return true;
    }
}
