namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>Takes a sample line apart by the grammar of OpenMetrics 1.0: single spaces, no comma at either end, names unique.</summary>
internal static class SampleLineParser
{
    private const int MaxExemplarCodePoints = 128;

    public static PageSample Parse(string line)
    {
        var text = new LineText(line);
        var labels = new List<PageLabel>();
        var name = text.Next == '{' ? "" : text.Until('{', ' ');
        if (name.Length > 0 && !NameText.IsMetricName(name))
            throw text.Error("not a metric name");
        if (text.Next == '{')
            name = Labels(text, labels, name);
        if (name.Length == 0)
            throw text.Error("no metric name");
        text.Expect(" ");
        var value = text.Next == '{' ? NativeHistogramText.Read(text) : text.Until(' ');
        if (value[0..Math.Min(1, value.Length)] != "{" && !NumberText.IsNumber(value))
            throw text.Error("not a number");
        string? timestamp = null;
        PageExemplar? exemplar = null;
        if (!text.IsAtEnd && !text.Rest.StartsWith(" # ", StringComparison.Ordinal))
            timestamp = Timestamp(text);
        if (!text.IsAtEnd)
            exemplar = Exemplar(text);
        if (!text.IsAtEnd)
            throw text.Error("something stands behind the sample");
        return new PageSample(line, name, labels, value, timestamp, exemplar);
    }

    private static string Timestamp(LineText text)
    {
        text.Expect(" ");
        var timestamp = text.Until(' ');
        return NumberText.IsReal(timestamp) ? timestamp : throw text.Error("not a timestamp");
    }

    private static PageExemplar Exemplar(LineText text)
    {
        text.Expect(" # ");
        var labels = new List<PageLabel>();
        if (Labels(text, labels, "exemplar") != "exemplar")
            throw text.Error("an exemplar has no name");
        if (labels.Sum(label => label.Name.EnumerateRunes().Count() + label.Value.EnumerateRunes().Count()) > MaxExemplarCodePoints)
            throw text.Error("the labels of the exemplar are too long");
        text.Expect(" ");
        var value = text.Until(' ');
        if (!NumberText.IsNumber(value))
            throw text.Error("the exemplar has no number");
        return new PageExemplar(labels, value, text.IsAtEnd ? null : Timestamp(text));
    }

    /// <summary>Reads what stands in braces.</summary>
    /// <returns>The name: the one given, or the quoted one that stands where a label could.</returns>
    private static string Labels(LineText text, List<PageLabel> labels, string name)
    {
        text.Expect("{");
        if (text.Skip("}"))
            return name;
        do
        {
            // Some writers put a blank behind the quoted metric name.
            if (labels.Count == 0 && text.Line[0] == '{')
                text.Skip(" ");
            var isQuoted = text.Next == '"';
            var label = isQuoted ? text.Quoted() : text.Until('=', ',', '}');
            if (isQuoted && text.Next is ',' or '}')
            {
                name = name.Length == 0 && label.Length > 0 ? label : throw text.Error("two names");
                continue;
            }

            if (label.Length == 0 || (!isQuoted && !NameText.IsLabelName(label)))
                throw text.Error("not a label name");
            if (labels.Any(other => other.Name == label))
                throw text.Error("a label stands twice");
            text.Expect("=");
            labels.Add(new PageLabel(label, text.Quoted()));
        }
        while (text.Skip(","));
        text.Expect("}");
        return name;
    }
}
