namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>The first part of a line such as <c># HELP name text</c>, which both formats write alike.</summary>
internal sealed record MetadataHead(string Keyword, string Name, bool IsQuoted)
{
    /// <summary>Reads up to the text. A name without quotes is one that needs none.</summary>
    /// <exception cref="InvalidPageException">It is not there.</exception>
    public static MetadataHead Read(LineText text)
    {
        text.Expect("# ");
        var keyword = text.Until(' ');
        text.Expect(" ");
        var isQuoted = text.Next == '"';
        var name = isQuoted ? text.Quoted() : text.Until(' ');
        if (name.Length == 0 || (!isQuoted && !NameText.IsMetricName(name)))
            throw text.Error("not a metric name");
        text.Expect(" ");
        return new MetadataHead(keyword, name, isQuoted);
    }
}
