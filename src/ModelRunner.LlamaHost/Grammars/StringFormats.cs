namespace ModelRunner.LlamaHost.Grammars;

/// <summary>
/// Grammars for the formats of strings. Each generates a subset of what its standard allows, and nothing else: dates, for instance, have no
/// 29th of February, which would need the rule of leap years.
/// </summary>
internal static class StringFormats
{
    private const string Day28 = "( \"0\" [1-9] | \"1\" [0-9] | \"2\" [0-8] )";
    private const string Day30 = "( \"0\" [1-9] | [12] [0-9] | \"30\" )";
    private const string Date = "[12] [0-9]{3} \"-\" ( ( \"0\" [13-9] | \"1\" [0-2] ) \"-\" " + Day30
        + " | ( \"0\" [13578] | \"1\" [02] ) \"-31\" | \"02-\" " + Day28 + " )";
    private const string Clock = "( [01] [0-9] | \"2\" [0-3] ) \":\" [0-5] [0-9]";
    private const string Time = Clock + " \":\" [0-5] [0-9] ( \".\" [0-9]{1,6} )? ( \"Z\" | [+-] " + Clock + " )";
    private const string Hex = "[0-9a-f]";
    private const string Octet = "( \"25\" [0-5] | \"2\" [0-4] [0-9] | \"1\" [0-9] [0-9] | [1-9] [0-9] | [0-9] )";
    private const string Word = "[a-z] [a-z0-9]{0,19}";
    private const string HostName = Word + " ( \".\" " + Word + " ){1,3}";

    private static readonly Dictionary<string, string> Expressions = new(StringComparer.Ordinal)
    {
        ["date"] = Date,
        ["time"] = Time,
        ["date-time"] = Date + " \"T\" " + Time,
        ["uuid"] = $"{Hex}{{8}} \"-\" {Hex}{{4}} \"-\" {Hex}{{4}} \"-\" {Hex}{{4}} \"-\" {Hex}{{12}}",
        ["ipv4"] = $"{Octet} ( \".\" {Octet} ){{3}}",
        ["hostname"] = HostName,
        ["email"] = Word + " ( [._-] " + Word + " )? \"@\" " + HostName,
        ["uri"] = "\"http\" \"s\"? \"://\" " + HostName + " ( \"/\" [A-Za-z0-9_.~-]{1,40} ){0,6} \"/\"?",
    };

    /// <summary>The names, for messages.</summary>
    public static string Known => string.Join(", ", Expressions.Keys);

    /// <summary>The expression for the text between the quotes; null: the format is not known.</summary>
    public static string? Find(string format) => Expressions.GetValueOrDefault(format);
}
