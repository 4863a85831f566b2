using System.Globalization;

namespace ModelRunner.Daemon.Accounting;

/// <summary>An upper bound of a histogram.</summary>
/// <param name="Seconds">The bound in seconds.</param>
internal sealed record HistogramBound(double Seconds)
{
    /// <summary>The bound as text. It is made once, because each page has it for each model.</summary>
    public string Text { get; } = Seconds.ToString(CultureInfo.InvariantCulture);
}
