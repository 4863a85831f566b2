namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>Reads one sample line with all leniencies: any blanks, a comma too many at the end or missing between labels, a timestamp, an exemplar.</summary>
internal sealed class OracleSampleReader(ExpositionLimits limits, bool isOpenMetrics)
{
    /// <summary>Whether the last sample lost its exemplar.</summary>
    public bool HasBadExemplar { get; private set; }

    /// <exception cref="OracleLineException">The line cannot be read.</exception>
    public OracleSample Read(string text)
    {
        HasBadExemplar = false;
        var line = new OracleLine(text);
        string? name = null;
        if (line.Next != '{')
        {
            name = line.While(next => OracleNames.IsMetricName("_" + next));
            if (!OracleNames.IsMetricName(name) || !(line.IsAtEnd || line.Next is '{' or ' ' or '\t'))
                throw new OracleLineException(ExpositionErrorReason.InvalidName);
            line.SkipBlanks();
        }

        var labels = line.Next == '{' ? ReadLabels(line, ref name) : [];
        if (name is null)
            throw new OracleLineException(ExpositionErrorReason.InvalidName);
        var value = ReadTail(line);
        return new OracleSample(name, [.. labels.Where(label => label.Value.Length > 0)], value);
    }

    private List<OracleLabel> ReadLabels(OracleLine line, ref string? name)
    {
        var labels = new List<OracleLabel>();
        line.Skip('{');
        for (line.SkipBlanks(); !line.Skip('}'); line.SkipBlanks())
        {
            var isQuoted = line.Next == '"';
            var label = ReadName(line, ExpositionErrorReason.InvalidLabels);
            line.SkipBlanks();
            if (isQuoted && line.Next != '=')
            {
                name = name is null ? label : throw new OracleLineException(ExpositionErrorReason.InvalidName);
                if (line.Next is not (',' or '}'))
                    throw new OracleLineException(ExpositionErrorReason.InvalidLabels);
            }
            else
            {
                Add(labels, label, line);
                line.SkipBlanks();
                if (line.IsAtEnd)
                    throw new OracleLineException(ExpositionErrorReason.InvalidLabels);
            }

            line.Skip(',');
        }

        return labels;
    }

    private static string ReadName(OracleLine line, ExpositionErrorReason reason)
    {
        if (line.Next != '"')
        {
            var plain = line.While(next => OracleNames.IsLabelName("_" + next));
            return OracleNames.IsLabelName(plain) ? plain : throw new OracleLineException(reason);
        }

        var quoted = line.Quoted();
        if (string.IsNullOrEmpty(quoted))
            throw new OracleLineException(reason);
        // In names, unlike in values, an unknown escape is an error.
        var name = ByteText.Unescape(quoted, quotes: true);
        return ByteText.Escape(name, quotes: true) == quoted && !name.Contains('\0') ? name : throw new OracleLineException(reason);
    }

    private void Add(List<OracleLabel> labels, string name, OracleLine line)
    {
        line.SkipBlanks();
        var isAssigned = line.Skip('=');
        line.SkipBlanks();
        if (!isAssigned || line.Quoted() is not { } raw)
            throw new OracleLineException(ExpositionErrorReason.InvalidLabels);
        var value = ByteText.Unescape(raw, quotes: true);
        if (name == "__name__")
            throw new OracleLineException(ExpositionErrorReason.ReservedLabel);
        if (labels.Count == limits.MaxLabels)
            throw new OracleLineException(ExpositionErrorReason.TooManyLabels);
        if (value.Length > limits.MaxLabelValueBytes)
            throw new OracleLineException(ExpositionErrorReason.LabelValueTooLong);
        if (labels.Any(label => label.Name == name))
            throw new OracleLineException(ExpositionErrorReason.DuplicateLabel);
        labels.Add(new OracleLabel(name, value));
    }

    private string ReadTail(OracleLine line)
    {
        line.SkipBlanks();
        var value = OracleNumber.Canonical(line.Token()) ?? throw new OracleLineException(ExpositionErrorReason.InvalidValue);
        line.SkipBlanks();
        if (!line.IsAtEnd && line.Next != '#')
        {
            if (!OracleNumber.IsTimestamp(line.Token(), isOpenMetrics))
                throw new OracleLineException(ExpositionErrorReason.InvalidTimestamp);
            line.SkipBlanks();
        }

        if (!line.IsAtEnd && line.Next != '#')
            throw new OracleLineException(ExpositionErrorReason.InvalidTimestamp);
        if (!line.IsAtEnd && !IsExemplar(line))
            HasBadExemplar = true;
        return value.Length > 0 ? value : throw new OracleLineException(ExpositionErrorReason.ValueOutOfRange);
    }

    private bool IsExemplar(OracleLine line)
    {
        line.Skip('#');
        line.SkipBlanks();
        if (!line.Skip('{') || !AreExemplarLabels(line))
            return false;
        line.SkipBlanks();
        if (!OracleNumber.IsWithinDouble(line.Token()))
            return false;
        line.SkipBlanks();
        if (line.IsAtEnd)
            return true;
        var isTimestamp = OracleNumber.IsTimestamp(line.Token(), isOpenMetrics: true);
        line.SkipBlanks();
        return isTimestamp && line.IsAtEnd;
    }

    // What an exemplar cannot have costs the exemplar alone.
    private void AddToExemplar(List<OracleLabel> labels, string name, OracleLine line)
    {
        try
        {
            Add(labels, name, line);
        }
        catch (OracleLineException problem) when (problem.Reason != ExpositionErrorReason.InvalidLabels)
        {
            HasBadExemplar = true;
        }
    }

    private bool AreExemplarLabels(OracleLine line)
    {
        try
        {
            var labels = new List<OracleLabel>();
            for (line.SkipBlanks(); !line.Skip('}'); line.SkipBlanks())
            {
                AddToExemplar(labels, ReadName(line, ExpositionErrorReason.InvalidExemplar), line);
                line.SkipBlanks();
                if (!line.Skip(',') && line.Next != '}')
                    return false;
            }

            return true;
        }
        catch (OracleLineException)
        {
            return false;
        }
    }
}
