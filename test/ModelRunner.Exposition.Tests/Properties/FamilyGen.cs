using CsCheck;

namespace ModelRunner.Exposition.Tests.Properties;

/// <summary>
/// Makes whole families that are nearly always right: histograms and summaries with all their parts, infos, state sets, counters with a creation
/// time. Now and then a count falls, a bound repeats or a part is missing.
/// </summary>
internal static class FamilyGen
{
    private static readonly string[] Bounds = ["-1", "0", "0.5", "1", "1.0", "2.5e0", "10"];

    private static readonly Gen<string> Labels = PageGen.OneOf("", "k=\"1\"", "k=\"2\"", "le=\"1\",quantile=\"w\"", "quantile=\"1\"", "model=\"own\",k=\"1\"");

    private static readonly Gen<string> Histogram = Gen.Select(
        PageGen.OneOf("h", "g", "h_count"), Labels, Gen.Int[0, 6].Array[0, 4], Gen.Int[-1, 5].Array[4], Gen.Int[0, 9],
        (name, labels, bounds, steps, fault) =>
        {
            var indices = fault == 0 ? bounds : [.. bounds.Distinct().Order()];
            var count = 0;
            var text = "";
            for (var i = 0; i < indices.Length; i++)
            {
                count += fault == 1 ? steps[i] : Math.Abs(steps[i]);
                text += $"{name}_bucket{{{Join(labels, $"le=\"{Bounds[indices[i]]}\"")}}} {count}\n";
            }

            text += fault == 2 ? "" : $"{name}_bucket{{{Join(labels, "le=\"+Inf\"")}}} {count}\n";
            text += fault == 3 ? "" : $"{name}_sum{{{labels}}} {steps[0]}\n";
            return $"# TYPE {name} {(name == "g" ? "gaugehistogram" : "histogram")}\n{text}{name}_count{{{labels}}} {(fault == 4 ? count + 1 : count)}\n";
        });

    private static readonly Gen<string> Summary = Gen.Select(
        Labels, PageGen.OneOf("0.5", "1", "0.99", "2", "nan"), PageGen.OneOf("1", "-1", "NaN"), (labels, quantile, value) =>
            $"# TYPE s summary\ns{{{Join(labels, $"quantile=\"{quantile}\"")}}} {value}\ns_sum{{{labels}}} 2\ns_count{{{labels}}} 3\n");

    private static readonly Gen<string> OpenMetricsOnly = Gen.Select(
        Labels, Gen.Int[0, 2], (labels, value) =>
            $"# TYPE z info\nz_info{{{labels}}} {(value == 2 ? 2 : 1)}\n# TYPE t stateset\nt{{{Join(labels, "t=\"on\"")}}} {value}\nt{{{Join(labels, "t=\"off\"")}}} 0\n"
            + $"# TYPE c counter\n# HELP c Counts.\nc_total{{{labels}}} {value} # {{id=\"x\"}} 1 2.5\nc_created{{{labels}}} 1.5\n"
            + $"# TYPE t_s gauge\n# UNIT t_s s\nt_s{{{labels}}} {value}\n");

    /// <summary>One family, or a few.</summary>
    public static Gen<string> Lines { get; } = Gen.OneOf(Histogram, Histogram, Summary, OpenMetricsOnly);

    private static string Join(string labels, string label) => labels.Length > 0 ? $"{labels},{label}" : label;
}
