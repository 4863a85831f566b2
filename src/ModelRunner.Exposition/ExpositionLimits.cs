using System.Text;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition;

/// <summary>
/// The limits of one source. A sample that exceeds the limits of labels is dropped and counted; a source with too many samples is refused as a
/// whole. The caller's own families have no limits. Immutable.
/// </summary>
public sealed record ExpositionLimits
{
    /// <summary>
    /// The most samples of one source, and the most metric names that it declares. Default: 200,000. A source beyond it has
    /// <see cref="SourceSummary.IsTooLarge"/>.
    /// </summary>
    public int MaxSamples { get; init; } = 200_000;

    /// <summary>The most labels of one sample in the body. Default: 64.</summary>
    public int MaxLabels { get; init; } = 64;

    /// <summary>The most bytes of one label value after its escapes are decoded. Default: 16 KiB.</summary>
    public int MaxLabelValueBytes { get; init; } = 16 * 1024;

    /// <summary>
    /// The prefix of metric names that only the caller's own families may use, such as <c>my_program_</c>. Samples and declarations of sources with
    /// such names are dropped and counted as <see cref="ExpositionErrorReason.ReservedName"/>. Default: empty, no name is reserved.
    /// </summary>
    /// <exception cref="ArgumentException">The value is not the beginning of a classic metric name.</exception>
    public string ReservedPrefix
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            if (value.Length > 0 && !Characters.IsMetricName(Encoding.UTF8.GetBytes(value)))
            {
                throw new ArgumentException(
                    $"'{value}' cannot begin a metric name: use letters, digits, underscores and colons, no digit first.", nameof(value));
            }


            field = value;
        }
    } = "";
}
