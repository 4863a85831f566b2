namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>
/// What a page must not hold although the formats allow it, because a reader that matters refuses the whole page for it. Each was found with the
/// reader itself: Prometheus 2.42 and 3.5, prometheus_client 0.16 and 0.21.
/// </summary>
internal static class OtherReaders
{
    /// <exception cref="InvalidPageException">One of them refuses the page.</exception>
    public static IReadOnlyList<PageFamily> Check(IReadOnlyList<PageFamily> families)
    {
        foreach (var sample in families.SelectMany(family => family.Samples))
        {
            // NUL ends a quoted name for the lexer of Prometheus 3.
            Refuse(sample.Labels.Select(label => label.Name).Prepend(sample.Name), '\0', sample);
            if (sample.Exemplar is not { } exemplar)
                continue;
            // It also ends a label value of an exemplar, though not one of a sample; prometheus_client looks for the brace without looking for quotes.
            Refuse(exemplar.Labels.Select(label => label.Value), '\0', sample);
            Refuse(exemplar.Labels.Select(label => label.Value), '}', sample);
        }

        return families;
    }

    private static void Refuse(IEnumerable<string> texts, char refused, PageSample sample)
    {
        if (texts.Any(text => text.Contains(refused, StringComparison.Ordinal)))
            throw new InvalidPageException($"U+{(int)refused:X4} in {sample.Line}");
    }
}
