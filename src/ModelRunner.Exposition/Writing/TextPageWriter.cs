using System.Runtime.CompilerServices;
using ModelRunner.Exposition.Merging;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Writing;

/// <summary>Writes a merged page in text 0.0.4. Names are quoted if needed.</summary>
internal static class TextPageWriter
{
    /// <summary>Writes one family.</summary>
    public static void WriteFamily(PageIndex index, FamilyList families, int number, ref PageOutput output)
    {
        ref readonly var family = ref families.Families[number];
        WriteHead(index, family, ref output);
        foreach (var span in families.SpansOf(number))
            WriteSpan(index, index.Span(span), ref output);
    }

    /// <summary>Writes a name, quoted if needed.</summary>
    public static void WriteName(ReadOnlySpan<byte> name, bool isQuoted, ref PageOutput output)
    {
        if (!isQuoted)
        {
            output.Write(name);
            return;
        }

        output.Write((byte)'"');
        WriteEscaped(name, escapesQuotes: true, ref output);
        output.Write((byte)'"');
    }

    /// <summary>Writes a text with line feeds and backslashes escaped, and quotes too if requested.</summary>
    public static void WriteEscaped(ReadOnlySpan<byte> text, bool escapesQuotes, ref PageOutput output)
    {
        while (true)
        {
            var at = escapesQuotes ? text.IndexOfAny((byte)'\\', (byte)'\n', (byte)'"') : text.IndexOfAny((byte)'\\', (byte)'\n');
            if (at < 0)
            {
                output.Write(text);
                return;
            }

            output.Write(text[..at]);
            output.Write(text[at] switch { (byte)'\n' => "\\n"u8, (byte)'"' => "\\\""u8, _ => "\\\\"u8 });
            text = text[(at + 1)..];
        }
    }

    /// <summary>Writes one sample with the labels of its target, without line feed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteSample(ReadOnlySpan<byte> sample, int nameLength, ReadOnlySpan<byte> target, ref PageOutput output)
    {
        if (target.IsEmpty)
        {
            output.Write(sample);
            return;
        }

        // Between name and labels: a brace, or a comma after a quoted name; then a comma, or a brace if there are no labels.
        var line = output.Take(sample.Length + target.Length + (sample[nameLength] == ' ' ? 2 : 1));
        sample[..nameLength].CopyShortTo(line);
        line[nameLength] = sample[0] == '{' ? (byte)',' : (byte)'{';
        target.CopyShortTo(line[(nameLength + 1)..]);
        var rest = sample[nameLength..];
        line = line[(nameLength + 1 + target.Length)..];
        if (rest[0] == '{')
        {
            line[0] = (byte)',';
            rest[1..].CopyShortTo(line[1..]);
        }
        else
        {
            if (rest[0] == ' ')
            {
                line[0] = (byte)'}';
                line = line[1..];
            }

            rest.CopyShortTo(line);
        }
    }

    /// <summary>Writes all samples of a span.</summary>
    public static void WriteSpan(PageIndex index, in SampleSpan span, ref PageOutput output)
    {
        var source = index.Source(span.Source);
        var bytes = new SourceBytes(source);
        var target = source.Labels.Encoded.AsSpan();
        for (var number = span.First; number < span.First + span.Count; number++)
        {
            ref readonly var record = ref index.Sample(number);
            if ((record.Flags & SampleFlags.IsDropped) != SampleFlags.None)
                continue;
            WriteSample(bytes.Of(record), record.NameLength, target, ref output);
            output.Write((byte)'\n');
        }
    }

    private static void WriteHead(PageIndex index, in Family family, ref PageOutput output)
    {
        var name = index.Names.Name(family.Name);
        var isQuoted = index.Names[family.Name].IsQuoted;
        if (family.Help >= 0)
        {
            output.Write("# HELP "u8);
            WriteName(name, isQuoted, ref output);
            output.Write((byte)' ');
            WriteEscaped(index.Helps.Text(family.Help), escapesQuotes: false, ref output);
            output.Write((byte)'\n');
        }

        output.Write("# TYPE "u8);
        WriteName(name, isQuoted, ref output);
        output.Write((byte)' ');
        output.Write(MetricTypes.TextName(family.Type));
        output.Write((byte)'\n');
    }
}
