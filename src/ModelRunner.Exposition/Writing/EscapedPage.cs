using System.Text;
using ModelRunner.Exposition.Merging;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Writing;

/// <summary>
/// Writes each source of a merged page as a separate text with escaped names. Merging these texts again resolves names that became equal, by
/// the same rules as for names that were equal from the start.
/// </summary>
internal sealed class EscapedPage(NameEscaping scheme)
{
    private readonly ByteBuilder _decoded = new();

    /// <summary>The text of each source, in the order in which the sources were added.</summary>
    public List<ByteBuilder> Texts { get; } = [];

    /// <summary>Whether a page has names that need escaping.</summary>
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
        for (var number = 0; number < families.Families.Length; number++)
        {
            var last = -1;
            foreach (var spanNumber in families.SpansOf(number))
            {
                ref readonly var span = ref index.Span(spanNumber);
                if (span.Source != last)
                    AppendHead(index, families.Families[number], Texts[span.Source]);
                last = span.Source;
                AppendSpan(index, span);
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
        var head = family;
        if (index.Names[family.Name].GaugeRoot is >= 0 and var root)
        {
            ref readonly var entry = ref index.Names[root];
            head = new Family(root, MetricType.GaugeHistogram, index.Helps.Choose(entry), entry.HasUnitConflict ? -1 : entry.Unit);
        }

        AppendStart(index, "# TYPE "u8, head.Name, text);
        text.Append(MetricTypes.OpenMetricsName(head.Type));
        text.Append((byte)'\n');
        if (head.Help >= 0)
        {
            AppendStart(index, "# HELP "u8, head.Name, text);
            Escapes.AppendHelp(text, index.Helps.Text(head.Help));
            text.Append((byte)'\n');
        }

        if (head.Unit < 0)
            return;
        AppendStart(index, "# UNIT "u8, head.Name, text);
        text.Append(index.Units.Text(head.Unit));
        text.Append((byte)'\n');
    }

    private void AppendStart(PageIndex index, ReadOnlySpan<byte> keyword, int name, ByteBuilder text)
    {
        text.Append(keyword);
        AppendName(index, name, text);
        text.Append((byte)' ');
    }

    // The suffix of a histogram or summary is not escaped with the name. <c>_created</c> is a suffix only beside a counter, whose own name in
    // text has its suffix too.
    private void AppendName(PageIndex index, int name, ByteBuilder text)
    {
        ref readonly var entry = ref index.Names[name];
        var bytes = index.Names.Name(name);
        var root = entry.Family != name ? entry.Family : entry.GaugeRoot;
        if (root < 0 && bytes.EndsWith("_created"u8))
        {
            root = index.Names.Find(bytes[..^"_created".Length]);
            root = root >= 0 && index.Names[root].PageType is MetricType.Histogram or MetricType.Summary ? root : -1;
        }

        var length = root < 0 ? bytes.Length : index.Names.Name(root).Length;
        NameEscaper.Append(text, bytes[..length], scheme, isLabel: false);
        text.Append(bytes[length..]);
    }

    private void AppendSpan(PageIndex index, in SampleSpan span)
    {
        var source = index.Source(span.Source);
        var text = Texts[span.Source];
        for (var number = span.First; number < span.First + span.Count; number++)
        {
            ref readonly var record = ref index.Sample(number);
            if ((record.Flags & SampleFlags.IsDropped) != SampleFlags.None)
                continue;
            AppendName(index, span.Name, text);
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
