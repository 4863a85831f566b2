using System.Text;
using ModelRunner.Exposition.Merging;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Writing;

/// <summary>
/// Writes each source of a merged page as a text of its own with all names escaped. Merging these texts again settles what became equal by
/// escaping, by the very rules that hold for names which were equal from the start.
/// </summary>
internal sealed class EscapedPage(NameEscaping scheme)
{
    private readonly ByteBuilder _decoded = new();

    /// <summary>The text of each source, in the order in which the sources were added.</summary>
    public List<ByteBuilder> Texts { get; } = [];

    /// <summary>Whether the names of a page need this at all.</summary>
    public static bool IsNeeded(PageIndex index, NameEscaping scheme)
    {
        if (scheme is NameEscaping.AllowUtf8 or NameEscaping.Dots)
            return scheme == NameEscaping.Dots;
        for (var name = 0; name < index.Names.Count; name++)
        {
            ref readonly var entry = ref index.Names[name];
            if (entry.IsQuoted || (entry.Flags & SampleFlags.HasQuotedName) != SampleFlags.None)
                return true;
        }

        return false;
    }

    public void Fill(PageIndex index, FamilyList families)
    {
        for (var source = 0; source < index.SourceCount; source++)
            Texts.Add(new ByteBuilder());
        foreach (ref readonly var family in families.Families)
        {
            var last = -1;
            foreach (var number in families.SpansOf(index, family))
            {
                ref readonly var span = ref index.Span(number);
                if (span.Source != last)
                    AppendHead(index, family, Texts[span.Source]);
                last = span.Source;
                AppendSpan(index, family, span);
            }
        }
    }

    /// <summary>The labels of a target with escaped names.</summary>
    public TargetLabels Escape(TargetLabels labels)
    {
        if (scheme != NameEscaping.Dots || labels.NameBytes.Length == 0)
            return labels;
        var escaped = new ByteBuilder();
        var pairs = new List<KeyValuePair<string, string>>();
        for (var i = 0; i < labels.NameBytes.Length; i++)
        {
            escaped.Clear();
            NameEscaper.Append(escaped, labels.NameBytes[i], scheme, isLabel: true);
            pairs.Add(new(Encoding.UTF8.GetString(escaped.Written), labels.Labels[i].Value));
        }

        return new TargetLabels([.. pairs]);
    }

    private void AppendHead(PageIndex index, in Family family, ByteBuilder text)
    {
        if (family.Help >= 0)
        {
            text.Append("# HELP "u8);
            NameEscaper.Append(text, index.Names.Name(family.Name), scheme, isLabel: false);
            text.Append((byte)' ');
            Escapes.AppendHelp(text, index.Helps.Text(family.Help));
            text.Append((byte)'\n');
        }

        text.Append("# TYPE "u8);
        NameEscaper.Append(text, index.Names.Name(family.Name), scheme, isLabel: false);
        text.Append((byte)' ');
        text.Append(MetricTypes.OpenMetricsName(family.Type));
        text.Append((byte)'\n');
        if (family.Unit < 0)
            return;
        text.Append("# UNIT "u8);
        NameEscaper.Append(text, index.Names.Name(family.Name), scheme, isLabel: false);
        text.Append((byte)' ');
        text.Append(index.Units.Text(family.Unit));
        text.Append((byte)'\n');
    }

    private void AppendSpan(PageIndex index, in Family family, in SampleSpan span)
    {
        var source = index.Source(span.Source);
        var text = Texts[span.Source];
        var name = index.Names.Name(span.Name);
        var familyLength = index.Names.Name(family.Name).Length;
        for (var number = span.First; number < span.First + span.Count; number++)
        {
            ref readonly var record = ref index.Sample(number);
            if ((record.Flags & SampleFlags.IsDropped) != SampleFlags.None)
                continue;
            NameEscaper.Append(text, name[..familyLength], scheme, isLabel: false);
            // The suffix of a histogram or summary is no part of the name that is escaped.
            text.Append(name[familyLength..]);
            var bytes = PageIndex.BytesOf(source, record.Flags);
            AppendLabels(text, SeriesComparer.LabelsOf(source, record));
            var value = bytes[record.Start..record.End];
            text.Append(value[value.LastIndexOf((byte)' ')..]);
            if ((record.Flags & SampleFlags.HasExemplar) != SampleFlags.None)
                text.Append(bytes.Slice(record.End, bytes[record.End..].IndexOf((byte)'\n')));
            text.Append((byte)'\n');
        }
    }

    private void AppendLabels(ByteBuilder text, ReadOnlySpan<byte> canonical)
    {
        var labels = new CanonicalLabels(canonical);
        var isOpen = false;
        while (labels.MoveNext())
        {
            text.Append(isOpen ? (byte)',' : (byte)'{');
            isOpen = true;
            var label = labels.Current;
            var equals = label[0] == '"' ? CanonicalLabels.EndOfName(label) : label.IndexOf((byte)'=');
            NameEscaper.Append(text, Decode(label[..equals]), scheme, isLabel: true);
            text.Append(label[equals..]);
            text.Append((byte)'"');
        }

        if (isOpen)
            text.Append((byte)'}');
    }

    private ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> name)
    {
        if (name[0] != '"')
            return name;
        name = name[1..^1];
        _decoded.Clear();
        var decoded = _decoded.GetSpan(name.Length);
        return decoded[..Escapes.Decode(name, decoded, quotes: true)];
    }
}
