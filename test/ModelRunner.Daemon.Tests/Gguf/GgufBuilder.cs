using System.Text;

namespace ModelRunner.Daemon.Tests.Gguf;

/// <summary>Writes small GGUF files for tests.</summary>
internal sealed class GgufBuilder
{
    private readonly List<byte> _values = [];
    private readonly List<byte> _tensors = [];
    private int _valueCount;
    private int _tensorCount;
    private long _dataBytes;

    public uint Version { get; init; } = 3;

    public static GgufBuilder Llama() => new GgufBuilder()
        .Text("general.architecture", "llama").UInt32("llama.block_count", 4).UInt32("llama.context_length", 2048)
        .UInt32("llama.embedding_length", 128).UInt32("llama.attention.head_count", 4).UInt32("llama.attention.head_count_kv", 2)
        .Tensor("token_embd.weight", 0, 32, 4);

    public GgufBuilder Text(string key, string value)
    {
        Key(key, 8);
        WriteText(_values, value);
        return this;
    }

    public GgufBuilder UInt32(string key, uint value)
    {
        Key(key, 4);
        _values.AddRange(BitConverter.GetBytes(value));
        return this;
    }

    public GgufBuilder Float32(string key, float value)
    {
        Key(key, 6);
        _values.AddRange(BitConverter.GetBytes(value));
        return this;
    }

    public GgufBuilder Bool(string key, bool value)
    {
        Key(key, 7);
        _values.Add(value ? (byte)1 : (byte)0);
        return this;
    }

    public GgufBuilder Float32s(string key, params float[] items)
    {
        Key(key, 9);
        _values.AddRange(BitConverter.GetBytes(6u));
        _values.AddRange(BitConverter.GetBytes((ulong)items.Length));
        foreach (float item in items)
            _values.AddRange(BitConverter.GetBytes(item));
        return this;
    }

    public GgufBuilder Texts(string key, params string[] items)
    {
        Key(key, 9);
        _values.AddRange(BitConverter.GetBytes(8u));
        _values.AddRange(BitConverter.GetBytes((ulong)items.Length));
        foreach (string item in items)
            WriteText(_values, item);
        return this;
    }

    public GgufBuilder UInt32s(string key, params uint[] items)
    {
        Key(key, 9);
        _values.AddRange(BitConverter.GetBytes(4u));
        _values.AddRange(BitConverter.GetBytes((ulong)items.Length));
        foreach (uint item in items)
            _values.AddRange(BitConverter.GetBytes(item));
        return this;
    }

    public GgufBuilder Int32s(string key, params int[] items)
    {
        Key(key, 9);
        _values.AddRange(BitConverter.GetBytes(5u));
        _values.AddRange(BitConverter.GetBytes((ulong)items.Length));
        foreach (int item in items)
            _values.AddRange(BitConverter.GetBytes(item));
        return this;
    }

    public GgufBuilder Tensor(string name, uint type, params ulong[] shape)
    {
        WriteText(_tensors, name);
        _tensors.AddRange(BitConverter.GetBytes((uint)shape.Length));
        foreach (ulong size in shape)
            _tensors.AddRange(BitConverter.GetBytes(size));
        _tensors.AddRange(BitConverter.GetBytes(type));
        _tensors.AddRange(BitConverter.GetBytes((ulong)_dataBytes));
        _tensorCount++;
        _dataBytes += (long)shape.Aggregate(4ul, static (left, right) => left * right);
        return this;
    }

    /// <summary>Adds what each of these layers has.</summary>
    public GgufBuilder Each(int layers, Func<GgufBuilder, int, GgufBuilder> add)
    {
        for (int layer = 0; layer < layers; layer++)
            add(this, layer);
        return this;
    }

    public byte[] Build()
    {
        var file = new MemoryStream();
        file.Write("GGUF"u8);
        file.Write(BitConverter.GetBytes(Version));
        file.Write(BitConverter.GetBytes((ulong)_tensorCount));
        file.Write(BitConverter.GetBytes((ulong)_valueCount));
        file.Write(_values.ToArray());
        file.Write(_tensors.ToArray());
        file.Write(new byte[(32 - (file.Length % 32)) % 32]);
        file.Write(new byte[_dataBytes]);
        return file.ToArray();
    }

    private void Key(string key, uint type)
    {
        WriteText(_values, key);
        _values.AddRange(BitConverter.GetBytes(type));
        _valueCount++;
    }

    private static void WriteText(List<byte> target, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        target.AddRange(BitConverter.GetBytes((ulong)bytes.Length));
        target.AddRange(bytes);
    }
}
