using System.Globalization;
using ModelRunner.Linux.Files;

namespace ModelRunner.Gguf;

/// <summary>
/// The metadata of a GGUF file as texts, as configurations of model artifacts have them. Lists with more than <see cref="MaxItems"/> entries, and texts
/// that no configuration has room for, are left out.
/// </summary>
internal static class GgufTexts
{
    /// <summary>The longest list that is kept.</summary>
    public const int MaxItems = 50;

    private const int MaxKeyBytes = 16 * 1024;
    private const int MaxTotalBytes = 1024 * 1024;

    /// <summary>Reads the metadata of a file that <see cref="GgufHeaderReader"/> has accepted. The keys are in ordinal order.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or no longer there.</exception>
    /// <exception cref="IncompleteFileException">The file ends too early.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SortedDictionary<string, string> Read(string path)
    {
        using FileStream stream = RegularFile.Open(path) ?? throw new InvalidDataException(PathProblem.OfFile(path));
        var reader = new GgufReader(stream);
        reader.Skip(16);
        ulong count = reader.ReadUInt64();
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        int total = 0;
        for (ulong i = 0; i < count; i++)
        {
            string key = reader.ReadText(MaxKeyBytes, "a key");
            var type = (GgufValueType)reader.ReadUInt32();
            string? text = type == GgufValueType.Array ? ReadList(reader) : ReadValue(reader, type);
            if (text is null || total + key.Length + text.Length > MaxTotalBytes)
                continue;
            total += key.Length + text.Length;
            texts[key] = text;
        }

        return texts;
    }

    private static string? ReadList(GgufReader reader)
    {
        var type = (GgufValueType)reader.ReadUInt32();
        ulong count = reader.ReadUInt64();
        bool isKept = count <= MaxItems && type != GgufValueType.Array;
        var items = new List<string>();
        for (ulong i = 0; i < count; i++)
        {
            string? item = type == GgufValueType.Array ? ReadList(reader) : isKept ? ReadValue(reader, type) : Skip(reader, type);
            items.AddRange(isKept && item is not null ? [item] : []);
        }

        return isKept ? string.Join(", ", items) : null;
    }

    private static string? Skip(GgufReader reader, GgufValueType type)
    {
        if (type == GgufValueType.Text)
            reader.SkipText();
        else
            reader.Skip((ulong)GgufReader.SizeOf(type));
        return null;
    }

    private static string? ReadValue(GgufReader reader, GgufValueType type) => type switch
    {
        GgufValueType.Text => reader.FindText(),
        GgufValueType.Bool => reader.ReadInteger(type) == 0 ? "false" : "true",
        GgufValueType.Float32 => BitConverter.UInt32BitsToSingle(reader.ReadUInt32()).ToString("F6", CultureInfo.InvariantCulture),
        GgufValueType.Float64 => BitConverter.UInt64BitsToDouble(reader.ReadUInt64()).ToString("F6", CultureInfo.InvariantCulture),
        GgufValueType.UInt64 => reader.ReadUInt64().ToString(CultureInfo.InvariantCulture),
        _ => reader.ReadInteger(type)?.ToString(CultureInfo.InvariantCulture),
    };
}
