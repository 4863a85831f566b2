namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>Reads a body line by line: what cannot be read costs its line and is counted.</summary>
internal static class OracleReader
{
    public static OracleSource Read(ReadOnlySpan<byte> body, IReadOnlyList<OracleLabel> target, ExpositionLimits limits, bool isOwn)
    {
        var text = ByteText.From(body);
        var source = new OracleSource { IsOwn = isOwn, IsOpenMetrics = !isOwn && EndsWithEof(text), TargetLabels = target };
        var reader = new OracleSampleReader(limits, source.IsOpenMetrics);
        if (text.StartsWith("\u00EF\u00BB\u00BF", StringComparison.Ordinal))
            text = text[3..];
        var isBehindEof = false;
        foreach (var line in text.Split('\n').Select(line => line.TrimEnd(' ', '\t', '\r').TrimStart(' ', '\t')).Where(line => line.Length > 0))
        {
            try
            {
                if (line[0] == '#')
                    ReadMetadata(line, source, ref isBehindEof);
                else
                    ReadSample(line, source, reader, isBehindEof);
            }
            catch (OracleLineException unreadable)
            {
                source.Drop(unreadable.Reason);
            }
        }

        if (!isOwn && source.Samples.Count > limits.MaxSamples)
            return new OracleSource { IsOwn = isOwn, IsOpenMetrics = source.IsOpenMetrics, TargetLabels = target };
        if (source.IsUnreadable)
            source.Metadata.Clear();
        return source;
    }

    /// <summary>Whether the last line is the end mark of OpenMetrics.</summary>
    private static bool EndsWithEof(string text) => ("\n" + text).TrimEnd(' ', '\t', '\r', '\n').EndsWith("\n# EOF", StringComparison.Ordinal);

    private static void ReadMetadata(string line, OracleSource source, ref bool isBehindEof)
    {
        OracleMetadata? metadata;
        try
        {
            metadata = OracleMetadata.Read(line, source.IsOpenMetrics);
        }
        catch (OracleLineException) when (isBehindEof)
        {
            throw new OracleLineException(ExpositionErrorReason.AfterEof);
        }
        catch (OracleLineException) when (!ByteText.IsUtf8(line))
        {
            throw new OracleLineException(ExpositionErrorReason.InvalidUtf8);
        }

        if (metadata is null)
            return;
        if (metadata.Keyword == "EOF")
        {
            isBehindEof = true;
            return;
        }

        if (isBehindEof)
            throw new OracleLineException(ExpositionErrorReason.AfterEof);
        if (!ByteText.IsUtf8(line))
        {
            // In text it is a comment.
            if (metadata.Keyword == "UNIT" && !source.IsOpenMetrics)
                return;
            throw new OracleLineException(ExpositionErrorReason.InvalidUtf8);
        }

        if (metadata is { Keyword: "UNIT", Text: "" })
            return;
        if (!source.IsOwn && OracleNames.IsReserved(metadata.Name))
            throw new OracleLineException(ExpositionErrorReason.ReservedName);
        source.Metadata.Add(metadata);
    }

    private static void ReadSample(string line, OracleSource source, OracleSampleReader reader, bool isBehindEof)
    {
        source.SampleLines++;
        if (isBehindEof)
            throw new OracleLineException(ExpositionErrorReason.AfterEof);
        if (!ByteText.IsUtf8(line))
            throw new OracleLineException(ExpositionErrorReason.InvalidUtf8);
        var sample = reader.Read(line);
        if (!source.IsOwn && OracleNames.IsReserved(sample.Name))
            throw new OracleLineException(ExpositionErrorReason.ReservedName);
        if (reader.HasBadExemplar)
            source.Drop(ExpositionErrorReason.InvalidExemplar);
        source.Samples.Add(sample with { Labels = OracleLabels.Rename(sample.Labels, source.TargetLabels) });
    }
}
