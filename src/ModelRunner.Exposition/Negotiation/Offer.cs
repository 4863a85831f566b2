namespace ModelRunner.Exposition.Negotiation;

/// <summary>One media type that the response can have, and its quality so far.</summary>
internal record struct Offer(OfferedType Type)
{
    private int _specificity;
    private int _position;
    private double _quality;
    private NameEscaping? _escaping;

    /// <summary>Applies one range of the Accept header. A more specific range overrides a less specific one.</summary>
    public void Consider(MediaRange range, int position)
    {
        var specificity = Specificity(range);
        if (specificity == 0 || specificity < _specificity || (specificity == _specificity && range.Quality <= _quality))
            return;
        _specificity = specificity;
        _quality = range.Quality;
        // A wildcard names no offer: if only a wildcard matches several offers, the order of the offers decides.
        _position = specificity <= 2 ? int.MaxValue : position;
        _escaping = specificity <= 2 ? null : ParseEscaping(range.Escaping);
    }

    public readonly bool IsBetterThan(Offer other) =>
        _quality > other._quality || (_quality == other._quality && _quality > 0 && _position < other._position);

    public readonly NegotiatedExposition ToExposition()
    {
        var (format, type) = Type switch
        {
            OfferedType.OpenMetrics100 => (ExpositionFormat.OpenMetrics100, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
            OfferedType.Text100 => (ExpositionFormat.Text004, "text/plain; version=1.0.0; charset=utf-8"),
            _ => (ExpositionFormat.Text004, "text/plain; version=0.0.4; charset=utf-8"),
        };
        return new NegotiatedExposition(format, _escaping ?? NameEscaping.Underscores, type + Parameter(_escaping));
    }

    // 4: type and version match; 3: type matches, no version; 2: subtype wildcard; 1: any type; 0: no match.
    private readonly int Specificity(MediaRange range)
    {
        if (range.Is("*/*"))
            return Type == OfferedType.Text100 ? 0 : 1;
        if (range.Is("text/*"))
            return Type == OfferedType.Text004 ? 2 : 0;
        if (range.Is("application/*"))
            return Type == OfferedType.OpenMetrics100 ? 2 : 0;
        if (!range.Is(Type == OfferedType.OpenMetrics100 ? "application/openmetrics-text" : "text/plain"))
            return 0;
        if (range.Version.IsEmpty)
            return Type == OfferedType.Text100 ? 0 : 3;
        return range.Version.SequenceEqual(Type == OfferedType.Text004 ? "0.0.4" : "1.0.0") ? 4 : 0;
    }

    private static NameEscaping? ParseEscaping(ReadOnlySpan<char> word) => word switch
    {
        "allow-utf-8" => NameEscaping.AllowUtf8,
        "underscores" => NameEscaping.Underscores,
        "dots" => NameEscaping.Dots,
        "values" => NameEscaping.Values,
        _ => null,
    };

    // Added only if the client sent the parameter: a Prometheus before 3.0 does not know it.
    private static string Parameter(NameEscaping? escaping) => escaping switch
    {
        NameEscaping.AllowUtf8 => "; escaping=allow-utf-8",
        NameEscaping.Underscores => "; escaping=underscores",
        NameEscaping.Dots => "; escaping=dots",
        NameEscaping.Values => "; escaping=values",
        _ => "",
    };
}
