using System.Globalization;

namespace ModelRunner.Exposition.Negotiation;

/// <summary>
/// One element of an Accept header: type, subtype and the relevant parameters. If a parameter is repeated, the first one counts.
/// </summary>
internal readonly ref struct MediaRange
{
    private MediaRange(ReadOnlySpan<char> type, ReadOnlySpan<char> version, ReadOnlySpan<char> escaping, double quality)
    {
        Type = type;
        Version = version;
        Escaping = escaping;
        Quality = quality;
    }

    /// <summary>Type and subtype as written, such as <c>text/plain</c> or <c>*/*</c>.</summary>
    public ReadOnlySpan<char> Type { get; }

    /// <summary>The parameter <c>version</c>; empty if there is none.</summary>
    public ReadOnlySpan<char> Version { get; }

    /// <summary>The parameter <c>escaping</c>; empty if there is none.</summary>
    public ReadOnlySpan<char> Escaping { get; }

    /// <summary>The quality, from 0 to 1. A value above 1 counts as 1, one below 0 as 0, and an invalid one as 1.</summary>
    public double Quality { get; }

    public bool Is(ReadOnlySpan<char> type) => Type.Equals(type, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads one element, without the comma after it.</summary>
    public static MediaRange Parse(ReadOnlySpan<char> element)
    {
        ReadOnlySpan<char> type = default, version = default, escaping = default, quality = default;
        var isFirst = true;
        foreach (var part in element.Split(';'))
        {
            var parameter = element[part].Trim();
            if (isFirst)
            {
                type = parameter;
                isFirst = false;
                continue;
            }

            var equals = parameter.IndexOf('=');
            if (equals < 0)
                continue;
            var name = parameter[..equals].Trim();
            var value = parameter[(equals + 1)..].Trim().Trim('"');
            if (name.Equals("version", StringComparison.OrdinalIgnoreCase) && version.IsEmpty)
                version = value;
            else if (name.Equals("escaping", StringComparison.OrdinalIgnoreCase) && escaping.IsEmpty)
                escaping = value;
            else if (name.Equals("q", StringComparison.OrdinalIgnoreCase) && quality.IsEmpty)
                quality = value;
        }

        return new MediaRange(type, version, escaping, ParseQuality(quality));
    }

    /// <summary>Reads a q-value with the leniency described at <see cref="Quality"/>.</summary>
    public static double ParseQuality(ReadOnlySpan<char> text)
    {
        const NumberStyles Styles = NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign;
        if (!double.TryParse(text, Styles, CultureInfo.InvariantCulture, out var quality) || double.IsNaN(quality))
            return 1;
        return Math.Clamp(quality, 0, 1);
    }
}
