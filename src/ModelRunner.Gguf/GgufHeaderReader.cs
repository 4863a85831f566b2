using System.Globalization;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Gguf;

/// <summary>
/// Reads the header of a GGUF file: version 2 and 3, little-endian. A model file may be malicious, so this reads no more than is needed, with
/// checked arithmetic and limited memory. The engine, a separate process, reads the rest.
/// </summary>
internal sealed class GgufHeaderReader
{
    private const uint Magic = 0x46554747;
    private const int MaxKeyBytes = 16 * 1024;
    private const int MaxTextBytes = 4096;
    private const ulong MaxValues = 4096;
    private const ulong MaxTensors = 262_144;
    private const int MaxArrayDepth = 4;

    // The largest vocabularies in use have about 260,000 tokens and 520,000 merges.
    private const ulong MaxTexts = 4 * 1024 * 1024;
    private const string ArchitectureKey = "general.architecture";

    private readonly GgufReader _reader;
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _integers = new(StringComparer.Ordinal);

    // Sums of integer arrays. Some architectures have such an array, with one number for each layer, in place of one number for all.
    private readonly Dictionary<string, long> _sums = new(StringComparer.Ordinal);
    private long _vocabularySize;

    private GgufHeaderReader(Stream stream) => _reader = new GgufReader(stream);

    /// <summary>Reads the header of a file and checks that the file holds all of its tensors. Never throws because of the content.</summary>
    public static GgufReadOutcome Read(string path)
    {
        try
        {
            using FileStream? stream = RegularFile.Open(path);
            return stream is null ? new GgufReadOutcome(null, PathProblem.OfFile(path)) : Read(stream);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new GgufReadOutcome(null, PathProblem.OfFile(path));
        }
    }

    /// <summary>Reads the header from a stream that can seek.</summary>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static GgufReadOutcome Read(Stream stream)
    {
        try
        {
            return new GgufReadOutcome(new GgufHeaderReader(stream).Read(), null);
        }
        catch (InvalidDataException failure)
        {
            return new GgufReadOutcome(null, failure.Message);
        }
        catch (OverflowException)
        {
            return new GgufReadOutcome(null, "is damaged: a size in its header is impossible");
        }
    }

    private GgufHeader Read()
    {
        if (_reader.Length == 0)
            throw new InvalidDataException("is empty");
        if (_reader.Length < 24 || _reader.ReadUInt32() != Magic)
            throw new InvalidDataException("is not a GGUF file");

        uint version = _reader.ReadUInt32();
        if (version is not (2 or 3))
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"has GGUF version {version}; versions 2 and 3 can be used"));

        ulong tensors = _reader.ReadUInt64();
        ulong values = _reader.ReadUInt64();
        if (values > MaxValues || tensors > MaxTensors)
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"is damaged: {values} values and {tensors} tensors"));

        for (ulong i = 0; i < values; i++)
            ReadValue();
        CheckTensors(tensors);
        return Describe();
    }

    private void ReadValue()
    {
        string key = _reader.ReadText(MaxKeyBytes, "a key");
        var type = (GgufValueType)_reader.ReadUInt32();
        if (type == GgufValueType.Array)
            ReadArray(key);
        else if (type == GgufValueType.Text)
            ReadText(key);
        else if (_reader.ReadInteger(type) is { } integer)
            _integers[key] = integer;
    }

    private void ReadText(string key)
    {
        if (key is ArchitectureKey or "general.name" or "general.size_label")
            _texts[key] = PlainText.Escape(_reader.ReadText(MaxTextBytes, key));
        else
            _reader.SkipText();
    }

    private void ReadArray(string key)
    {
        var type = (GgufValueType)_reader.ReadUInt32();
        ulong count = _reader.ReadUInt64();
        if (key == "tokenizer.ggml.tokens")
            _vocabularySize = (long)Math.Min(count, int.MaxValue);

        if (key.Contains(".attention.head_count", StringComparison.Ordinal) && count <= MaxValues)
            _sums[key] = Sum(type, count);
        else
            SkipArray(type, count, depth: 1);
    }

    private long Sum(GgufValueType type, ulong count)
    {
        long sum = 0;
        for (ulong i = 0; i < count; i++)
            sum = checked(sum + (_reader.ReadInteger(type) ?? 0));
        return sum;
    }

    private void SkipArray(GgufValueType type, ulong count, int depth)
    {
        if (depth > MaxArrayDepth)
            throw new InvalidDataException("is damaged: lists within lists within lists");

        if (type is not (GgufValueType.Text or GgufValueType.Array))
        {
            _reader.Skip(checked(count * (ulong)GgufReader.SizeOf(type)));
            return;
        }

        // A hole in a sparse file reads as any number of empty texts.
        if (count > MaxTexts)
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"is damaged: a list of {count} texts"));
        for (ulong i = 0; i < count; i++)
        {
            if (type == GgufValueType.Text)
                _reader.SkipText();
            else
                SkipArray((GgufValueType)_reader.ReadUInt32(), _reader.ReadUInt64(), depth + 1);
        }
    }

    private void CheckTensors(ulong count)
    {
        long end = 0;
        for (ulong i = 0; i < count; i++)
            end = Math.Max(end, ReadTensorEnd());

        long alignment = _integers.GetValueOrDefault("general.alignment", 32);
        if (alignment is < 1 or > 1 << 20)
            throw new InvalidDataException("is damaged: its alignment is impossible");

        long start = checked((_reader.Position + alignment - 1) / alignment * alignment);
        long needed = checked(start + end);
        if (count > 0 && needed > _reader.Length)
        {
            throw new InvalidDataException(string.Create(
                CultureInfo.InvariantCulture, $"is truncated: it has {_reader.Length} of {needed} bytes; download it again"));
        }
    }

    private long ReadTensorEnd()
    {
        _reader.SkipText();
        uint dimensions = _reader.ReadUInt32();
        if (dimensions > 8)
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"is damaged: a tensor of {dimensions} dimensions"));

        long weights = 1;
        for (uint i = 0; i < dimensions; i++)
            weights = checked(weights * (long)Math.Min(_reader.ReadUInt64(), long.MaxValue));
        uint type = _reader.ReadUInt32();
        long offset = checked((long)_reader.ReadUInt64());
        return checked(offset + GgufTensorTypes.BytesOf(type, weights));
    }

    private GgufHeader Describe()
    {
        // Only the first shard of a model has an architecture.
        if (!_texts.TryGetValue(ArchitectureKey, out string? architecture))
            architecture = "";

        return new GgufHeader
        {
            Architecture = architecture,
            Name = _texts.GetValueOrDefault("general.name"),
            SizeLabel = _texts.GetValueOrDefault("general.size_label"),
            FileType = FindInt("general.file_type"),
            BlockCount = Find(architecture, "block_count"),
            ContextLength = Find(architecture, "context_length"),
            EmbeddingLength = Find(architecture, "embedding_length"),
            VocabularySize = _vocabularySize,
            CacheElementsPerToken = CacheElementsPerToken(architecture),
            PoolingType = FindInt($"{architecture}.pooling_type"),
        };
    }

    private long CacheElementsPerToken(string architecture)
    {
        long layers = Find(architecture, "block_count");
        long heads = Find(architecture, "attention.head_count");
        long headLength = heads > 0 ? Find(architecture, "embedding_length") / heads : 0;
        long keyLength = FindOr(architecture, "attention.key_length", headLength);
        long valueLength = FindOr(architecture, "attention.value_length", headLength);
        if (!_sums.TryGetValue($"{architecture}.attention.head_count_kv", out long headsOfAllLayers))
            headsOfAllLayers = checked(FindOr(architecture, "attention.head_count_kv", heads) * layers);
        return Math.Max(0, checked(headsOfAllLayers * (keyLength + valueLength)));
    }

    private long Find(string architecture, string name) => Math.Max(0, FindOr(architecture, name, 0));

    private long FindOr(string architecture, string name, long fallback) =>
        _integers.GetValueOrDefault($"{architecture}.{name}", fallback);

    private int? FindInt(string key) => _integers.TryGetValue(key, out long value) && value is >= int.MinValue and <= int.MaxValue ? (int)value : null;
}
