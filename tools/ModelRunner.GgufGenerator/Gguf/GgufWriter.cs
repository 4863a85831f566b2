using System.Text;

namespace ModelRunner.GgufGenerator.Gguf;

/// <summary>
/// Writes a GGUF file of version 3: values in the order in which they were added, then tensors, each aligned to 32 bytes.
/// </summary>
internal sealed class GgufWriter
{
    private const uint Version = 3;
    private const uint Alignment = 32;
    private const uint UnsignedType = 4;
    private const uint IntegerType = 5;
    private const uint FloatType = 6;
    private const uint BooleanType = 7;
    private const uint TextType = 8;
    private const uint ArrayType = 9;

    private readonly List<Action<BinaryWriter>> _values = [];
    private readonly List<(string Name, int[] Lengths, GgmlType Type, byte[] Bytes)> _tensors = [];

    /// <summary>Starts a file with the alignment, which every file contains.</summary>
    public GgufWriter() => Add("general.alignment", Alignment);

    /// <summary>Adds an unsigned number.</summary>
    public void Add(string key, uint value) => Add(key, UnsignedType, writer => writer.Write(value));

    /// <summary>Adds a floating-point number.</summary>
    public void Add(string key, float value) => Add(key, FloatType, writer => writer.Write(value));

    /// <summary>Adds a Boolean.</summary>
    public void Add(string key, bool value) => Add(key, BooleanType, writer => writer.Write(value ? (byte)1 : (byte)0));

    /// <summary>Adds a string.</summary>
    public void Add(string key, string value) => Add(key, TextType, writer => Write(writer, value));

    /// <summary>Adds a list of strings.</summary>
    public void Add(string key, IReadOnlyList<string> values) => AddList(key, TextType, values, Write);

    /// <summary>Adds a list of whole numbers.</summary>
    public void Add(string key, IReadOnlyList<int> values) => AddList(key, IntegerType, values, (writer, value) => writer.Write(value));

    /// <summary>Adds a tensor.</summary>
    /// <param name="name">llama.cpp's name for it.</param>
    /// <param name="numbers">The numbers, row after row.</param>
    /// <param name="type">How they are stored.</param>
    /// <param name="lengths">The lengths of its dimensions, that of a row first.</param>
    public void AddTensor(string name, ReadOnlySpan<float> numbers, GgmlType type, params int[] lengths)
    {
        long count = lengths.Aggregate(1L, (product, length) => product * length);
        if (count != numbers.Length)
            throw new ArgumentException($"The tensor {name} should have {count} numbers, not {numbers.Length}.", nameof(numbers));
        _tensors.Add((name, lengths, type, TensorEncoder.Encode(numbers, type)));
    }

    /// <summary>Writes the file.</summary>
    public void Write(Stream stream)
    {
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)_tensors.Count);
        writer.Write((ulong)_values.Count);
        foreach (Action<BinaryWriter> write in _values)
            write(writer);

        ulong offset = 0;
        foreach ((string name, int[] lengths, GgmlType type, byte[] bytes) in _tensors)
        {
            Write(writer, name);
            writer.Write((uint)lengths.Length);
            foreach (int length in lengths)
                writer.Write((ulong)length);
            writer.Write((uint)type);
            writer.Write(offset);
            offset += ((ulong)bytes.Length + Alignment - 1) / Alignment * Alignment;
        }

        Pad(writer);
        foreach ((_, _, _, byte[] bytes) in _tensors)
        {
            writer.Write(bytes);
            Pad(writer);
        }
    }

    private void Add(string key, uint type, Action<BinaryWriter> write) => _values.Add(writer =>
    {
        Write(writer, key);
        writer.Write(type);
        write(writer);
    });

    private void AddList<T>(string key, uint type, IReadOnlyList<T> values, Action<BinaryWriter, T> write) => Add(key, ArrayType, writer =>
    {
        writer.Write(type);
        writer.Write((ulong)values.Count);
        foreach (T value in values)
            write(writer, value);
    });

    private static void Write(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void Pad(BinaryWriter writer)
    {
        writer.Flush();
        while (writer.BaseStream.Position % Alignment != 0)
            writer.BaseStream.WriteByte(0);
    }
}
