using System.Text;
using ModelRunner.GgufGenerator.Gguf;

namespace ModelRunner.GgufGenerator.Tests.Gguf;

public sealed class GgufWriterTests
{
    [Fact]
    public void The_file_is_laid_out_as_the_format_says()
    {
        var writer = new GgufWriter();
        writer.Add("a", "xy");
        writer.Add("b", [7, -1]);
        writer.AddTensor("t", [1f, 2f, 3f], GgmlType.F32, 3);
        writer.AddTensor("u", [4f, 5f], GgmlType.F16, 2, 1);
        using var stream = new MemoryStream();

        writer.Write(stream);

        stream.Position = 0;
        using var reader = new BinaryReader(stream);
        Assert.Equal("GGUF", Encoding.ASCII.GetString(reader.ReadBytes(4)));
        Assert.Equal(3u, reader.ReadUInt32());
        Assert.Equal((2UL, 3UL), (reader.ReadUInt64(), reader.ReadUInt64()));
        Assert.Equal(("general.alignment", 4u, 32u), (Text(reader), reader.ReadUInt32(), reader.ReadUInt32()));
        Assert.Equal(("a", 8u, "xy"), (Text(reader), reader.ReadUInt32(), Text(reader)));
        Assert.Equal(("b", 9u, 5u, 2UL), (Text(reader), reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadUInt64()));
        Assert.Equal((7, -1), (reader.ReadInt32(), reader.ReadInt32()));
        Assert.Equal(
            ("t", 1u, 3UL, 0u, 0UL),
            (Text(reader), reader.ReadUInt32(), reader.ReadUInt64(), reader.ReadUInt32(), reader.ReadUInt64()));
        Assert.Equal(("u", 2u, 2UL, 1UL), (Text(reader), reader.ReadUInt32(), reader.ReadUInt64(), reader.ReadUInt64()));
        Assert.Equal((1u, 32UL), (reader.ReadUInt32(), reader.ReadUInt64()));
        stream.Position = (stream.Position + 31) / 32 * 32;
        Assert.Equal((1f, 2f, 3f), (reader.ReadSingle(), reader.ReadSingle(), reader.ReadSingle()));
        stream.Position += 20;
        Assert.Equal(((Half)4, (Half)5), (reader.ReadHalf(), reader.ReadHalf()));
        Assert.Equal(0, stream.Length % 32);
    }

    [Fact]
    public void A_tensor_of_the_wrong_size_is_refused() =>
        Assert.Throws<ArgumentException>(() => new GgufWriter().AddTensor("t", [1f, 2f], GgmlType.F32, 3));

    private static string Text(BinaryReader reader) => Encoding.UTF8.GetString(reader.ReadBytes((int)reader.ReadUInt64()));
}
