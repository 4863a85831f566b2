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
    private const int MinBytes = 24;
    private const int MaxKeyBytes = 16 * 1024;
    private const int MaxTextBytes = 4096;
    private const ulong MaxValues = 4096;
    private const ulong MaxTensors = 262_144;
    private const int MaxArrayDepth = 4;

    // The largest vocabularies in use have about 260,000 tokens and 520,000 merges.
    private const ulong MaxTexts = 4 * 1024 * 1024;

    // Some architectures have a list, with one number for each layer, in place of one number for all layers.
    private const int MaxLists = 16;
    private const ulong MaxLayers = 1024;

    private readonly GgufReader _reader;
    private readonly GgufMetadata _metadata = new();
    private readonly StableHash _shape = new();
    private readonly WeightShape _weights = new();
    private long _vocabularySize;
    private long _parameters;

    private GgufHeaderReader(Stream stream) => _reader = new GgufReader(stream);

    /// <summary>Reads the header of a file and checks that the file holds all of its tensors. Never throws because of the content.</summary>
    public static GgufReadOutcome Read(string path)
    {
        try
        {
            using FileStream? stream = RegularFile.Open(path);
            return stream is null ? Unreadable(path) : Read(stream);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Unreadable(path);
        }
    }

    /// <summary>Reads the header from a stream that can seek.</summary>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static GgufReadOutcome Read(Stream stream)
    {
        try
        {
            return CheckLayers(new GgufHeaderReader(stream).Read());
        }
        catch (IncompleteFileException failure)
        {
            return new GgufReadOutcome(null, failure.Message) { SoFar = failure.SoFar };
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

    private static GgufReadOutcome Unreadable(string path) => new(null, PathProblem.OfFile(path)) { IsUnreadable = true };

    // Estimates are made layer by layer.
    private static GgufReadOutcome CheckLayers(GgufHeader header) => header.BlockCount <= GgufHeader.MaxLayers
        ? new GgufReadOutcome(header, null)
        : new GgufReadOutcome(
            null,
            string.Create(CultureInfo.InvariantCulture, $"is damaged: {header.BlockCount} layers, and no model has more than {GgufHeader.MaxLayers}"))
        {
            ImpossibleLayers = header.BlockCount,
        };

    private GgufHeader Read()
    {
        const string Other = "is not a GGUF file";
        const string Empty = "is empty (0 bytes): its download or its copy did not end; download or copy it again, or remove it";
        if (_reader.Length == 0)
            throw new IncompleteFileException("it is empty", Empty);

        // Some programs make a file in its whole length before they write its bytes.
        uint magic = _reader.Length < sizeof(uint) ? 0 : _reader.ReadUInt32();
        if (magic is not (0 or Magic))
            throw new InvalidDataException(Other);
        if (magic == 0 || _reader.Length < MinBytes)
            throw new IncompleteFileException("its beginning is missing", Other);

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
        _shape.Add(key);
        if (type == GgufValueType.Array)
            ReadArray(key);
        else if (type == GgufValueType.Text)
            ReadText(key);
        else if (_reader.ReadInteger(type) is { } integer)
            _shape.Add(_metadata.Integers[key] = integer);
    }

    private void ReadText(string key)
    {
        if (GgufMetadata.IsTextKept(key))
            _shape.Add(_metadata.Texts[key] = PlainText.Escape(_reader.ReadText(MaxTextBytes, key)));
        else
            _reader.SkipText();
        _metadata.HasChatTemplate |= key == "tokenizer.chat_template";
    }

    private void ReadArray(string key)
    {
        var type = (GgufValueType)_reader.ReadUInt32();
        ulong count = _reader.ReadUInt64();
        _shape.Add((long)count);
        if (key == "tokenizer.ggml.tokens")
            _vocabularySize = (long)Math.Min(count, int.MaxValue);

        bool isKept = GgufMetadata.IsListKept(key) && type is not (GgufValueType.Text or GgufValueType.Array);
        if (isKept && _metadata.Lists.Count == MaxLists)
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"is damaged: more than {MaxLists} lists of layers"));
        if (isKept && count <= MaxLayers)
            _metadata.Lists[key] = ReadList(type, (int)count);
        else
            SkipArray(type, count, depth: 1);
    }

    private long[] ReadList(GgufValueType type, int count)
    {
        var list = new List<long>();
        for (int i = 0; i < count; i++)
            list.Add(_reader.ReadInteger(type) ?? 0);
        list.ForEach(_shape.Add);
        return [.. list];
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

        long alignment = _metadata.Integers.GetValueOrDefault("general.alignment", 32);
        if (alignment is < 1 or > 1 << 20)
            throw new InvalidDataException("is damaged: its alignment is impossible");

        long start = checked((_reader.Position + alignment - 1) / alignment * alignment);
        long needed = checked(start + end);
        if (count > 0 && needed > _reader.Length)
        {
            string present = string.Create(CultureInfo.InvariantCulture, $"it has {_reader.Length} of {needed} bytes");
            throw new IncompleteFileException(present, $"is truncated: {present}; download it again");
        }
    }

    private long ReadTensorEnd()
    {
        string name = _reader.ReadText(MaxKeyBytes, "the name of a tensor");
        uint dimensions = _reader.ReadUInt32();
        if (dimensions > 8)
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"is damaged: a tensor of {dimensions} dimensions"));

        long weights = 1;
        for (uint i = 0; i < dimensions; i++)
        {
            long size = (long)Math.Min(_reader.ReadUInt64(), long.MaxValue);
            _shape.Add(size);
            weights = checked(weights * size);
        }

        _parameters = checked(_parameters + weights);
        uint type = _reader.ReadUInt32();
        long offset = checked((long)_reader.ReadUInt64());
        _shape.Add(type);
        _shape.Add(offset);
        long bytes = GgufTensorTypes.BytesOf(type, weights);
        _weights.Add(name, bytes);
        return checked(offset + bytes);
    }

    private GgufHeader Describe() => new()
    {
        Architecture = _metadata.Architecture,
        Name = _metadata.Texts.GetValueOrDefault("general.name"),
        SizeLabel = _metadata.Texts.GetValueOrDefault("general.size_label"),
        FileType = _metadata.FindInt("general.file_type"),
        BlockCount = _metadata.Find("block_count"),
        ContextLength = _metadata.Find("context_length"),
        EmbeddingLength = _metadata.Find("embedding_length"),
        VocabularySize = _vocabularySize,
        Parameters = _parameters,
        ShapeHash = _shape.ToString(),
        Cache = CacheShapeReader.Read(_metadata),
        Weights = _weights,
        Compute = ComputeShape.Read(_metadata),
        HasChatTemplate = _metadata.HasChatTemplate,
        PoolingType = _metadata.FindInt($"{_metadata.Architecture}.pooling_type"),
    };
}
