using CsCheck;

namespace ModelRunner.Exposition.Tests.Properties;

/// <summary>
/// Makes bodies out of few names, labels and values, so that they meet: families with all types, odd spacing, nasty labels, lines that are
/// broken a little.
/// </summary>
internal static class PageGen
{
    private static readonly string[] Names =
        ["a", "h", "h_bucket", "h_sum", "h_count", "a_total", "a_total_total", "a_created", "h_created", "x:y", "g_gcount", "g_gsum", "g_bucket", "g", "z_info", "z", "up", "model_runner_up", "s", "t_s", "t_s_total"];

    private static readonly string[] QuotedNames = ["\"a\"", "\"a.b\"", "\"é\"", "\"q\\\"\\n\\\\\"", "\"model.runner_x\"", "\"\"", "\"bad\\t\"", "\"n\0\""];

    private static readonly string[] LabelNames = ["k", "model", "mode", "exported_model", "exported_exported_model", "le", "quantile", "__name__", "\"k\"", "\"d.t\"", "h"];

    private static readonly string[] LabelValues =
        ["", "1", "v", "1.0", "+Inf", "0.5", "\\\"", "\\\\", "\\n", "\\t", "{,}=#", " # ", "é", "😀", "a\rb", "\0", "nan", "0x1", "-1", "\\"];

    private static readonly string[] Values =
        ["0", "1", "-1", "2", "2.5", "1e3", "NaN", "nan", "-nan", "-nan(ind)", "+Inf", "inf", "-Infinity", "1e400", "1e-400", "0x1", "1_0", "1,5", "", ".5", "5.", "+3", "9007199254740993"];

    private static readonly string[] Tails = ["", "", "", "", " 1700000000000", " 1.5", " -1", " 1 2", " # {t=\"x\"} 1", " # {} 0.5 1.5", " # {t=\"x\",} 1", " # {t=\"}\"} 1", " # {t=\"\0\"} 1", " # {t=\"x\",t=\"y\"} 1", "#", " #"];

    private static readonly string[] Types =
        ["counter", "gauge", "histogram", "summary", "untyped", "unknown", "info", "stateset", "gaugehistogram", "Gauge", "bla", ""];

    private static readonly string[] Helps = ["", "one", "two", "t\\n\\\\\\\"\\t\"", "é"];

    private static readonly string[] Units = ["s", "s", "total", "bucket", "count", "b", "_s", "", "a b", "é"];

    private static readonly string[] Other = ["", "# comment", "#", "# EOF", "# UNIT a a", "# HELP", "garbage", "{", "}", "a{", "a{k", "a{k=", "a{k=\"v", "\uFEFFa 1", "{\"a\" \"b\"} 1", "{,} 1", "# HELP # x", "#HELP a tight"];

    private static readonly Gen<string> Blank = Gen.Frequency((6, Gen.Const("")), (1, OneOf(" ", "\t", "  ")));

    private static readonly Gen<string> Gap = Gen.Frequency((8, Gen.Const(" ")), (1, OneOf("\t", "  ", " \t ")));

    private static readonly Gen<string> Name = Gen.Frequency((9, OneOf(Names)), (1, OneOf(QuotedNames)));

    private static readonly Gen<string> LineEnd = Gen.Frequency((12, Gen.Const("\n")), (1, OneOf("\r\n", " \n", "\n\n", "\t\r\n")));

    private static readonly Gen<string> Label = Gen.Select(
        OneOf(LabelNames), OneOf(LabelValues), Blank, Blank, (name, value, before, behind) => $"{before}{name}{behind}={before}\"{value}\"{behind}");

    private static readonly Gen<string> Separator = Gen.Frequency((20, Gen.Const(",")), (1, OneOf("", " ", ",,", ", ")));

    private static readonly Gen<string> LabelList = Gen.Select(
        Label.Array[0, 3], Separator, Gen.Frequency((8, Gen.Const("")), (1, OneOf(",", " , "))), (labels, separator, end) => string.Join(separator, labels) + end);

    private static readonly Gen<string> Sample = Gen.Select(
        Name, LabelList, Gap, Gen.Frequency((8, Gen.Int[0, 9].Select(digit => $"{digit}")), (4, OneOf(Values))), OneOf(Tails), Blank,
        (name, labels, gap, value, tail, lead) => lead + Head(name, labels) + gap + value + tail);

    private static readonly Gen<string> Metadata = Gen.Select(
        OneOf("TYPE", "TYPE", "TYPE", "HELP", "HELP", "UNIT"), Name, OneOf(Types), OneOf(Helps), OneOf(Units), Gap,
        (keyword, name, type, help, unit, gap) => $"#{gap}{keyword}{gap}{name} {keyword switch { "TYPE" => type, "HELP" => help, _ => unit }}");

    private static readonly Gen<string> Line = Gen.Select(Gen.Frequency((10, Sample), (5, Metadata), (1, OneOf(Other))), LineEnd, (line, end) => line + end);

    /// <summary>A whole body; one in four ends as OpenMetrics does, one in eight has no line feed at its end.</summary>
    public static Gen<string> Body { get; } = Gen.Select(
        Gen.Frequency((3, Line.Array[0, 14]), (2, FamilyGen.Lines.Array[0, 4]), (1, Gen.Frequency((1, Line), (1, FamilyGen.Lines)).Array[0, 8])),
        Gen.Int[0, 7],
        (lines, end) => string.Concat(lines) + end switch { 0 or 1 => "# EOF\n", 2 => "a 1", _ => "" });

    /// <summary>A body with a byte or two changed to anything.</summary>
    public static Gen<byte[]> Bytes { get; } = Gen.Select(
        Body, Gen.Byte, Gen.Int[0, 400], Gen.Int[0, 5], (body, value, position, chance) =>
        {
            var bytes = System.Text.Encoding.UTF8.GetBytes(body);
            if (chance == 0 && position < bytes.Length)
                bytes[position] = value;
            return bytes;
        });

    public static Gen<string> OneOf(params string[] items) => Gen.Int[0, items.Length - 1].Select(index => items[index]);

    private static string Head(string name, string labels)
    {
        if (name[0] == '"')
            return $"{{{name}{(labels.Length > 0 ? "," : "")}{labels}}}";
        return labels.Length > 0 ? $"{name}{{{labels}}}" : name;
    }
}
