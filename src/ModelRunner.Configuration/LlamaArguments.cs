using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace ModelRunner.Configuration;

/// <summary>
/// Checks arguments that users add to those of llama-server. Accepted ones are rewritten as separate, canonical words, so that llama-server
/// reads exactly what was checked here.
/// </summary>
internal static class LlamaArguments
{
    /// <summary>The argument for the tokens of all slots together.</summary>
    public const string ContextArgument = "--ctx-size";

    private const int MaxCount = 256;
    private const int MaxLength = 4096;

    private static readonly SearchValues<char> WordCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:;=+-");

    /// <summary>The checked arguments for every runner; empty if there are none or if one is wrong.</summary>
    public static IReadOnlyList<string> Resolve(OptionReader reader) =>
        reader.Written.Find(ConfigurationCatalog.LlamaArguments) is { } written ? Resolve(written, reader.Problems) : [];

    /// <summary>Checks a configured value: a list, or one text that is split at spaces outside quotes.</summary>
    public static IReadOnlyList<string> Resolve(WrittenValue written, List<ConfigurationProblem> problems)
    {
        if (written.Items is { } items)
            return Check(written.Key, items, problems);
        if (ArgumentSplitter.TrySplit(written.Text, out IReadOnlyList<string> words))
            return Check(written.Key, words, problems);

        problems.Add(new ConfigurationProblem(written.Key, written.Text, "has a quote that is not closed", "close it"));
        return [];
    }

    /// <summary>The last value of a whole-number argument by its canonical name; null if it is not given.</summary>
    public static int? FindInteger(IReadOnlyList<string> arguments, string name)
    {
        for (int i = arguments.Count - 2; i >= 0; i--)
            if (arguments[i] == name && int.TryParse(arguments[i + 1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value))
                return value;

        return null;
    }

    /// <summary>The last value of an argument by its canonical name; null if it is not given.</summary>
    public static string? FindText(IReadOnlyList<string> arguments, string name)
    {
        for (int i = arguments.Count - 2; i >= 0; i--)
            if (arguments[i] == name)
                return arguments[i + 1];

        return null;
    }

    /// <summary>Which of two opposite arguments without a value comes last; null if neither is given.</summary>
    public static bool? FindSwitch(IReadOnlyList<string> arguments, string on, string off)
    {
        for (int i = arguments.Count - 1; i >= 0; i--)
            if (arguments[i] == on || arguments[i] == off)
                return arguments[i] == on;

        return null;
    }

    private static List<string> Check(string key, IReadOnlyList<string> words, List<ConfigurationProblem> problems)
    {
        var accepted = new List<string>();
        if (words.Count > MaxCount || words.Any(static word => word.Length > MaxLength))
        {
            problems.Add(new ConfigurationProblem(key, null, "is too long", $"write at most {MaxCount} words of {MaxLength} characters"));
            return accepted;
        }

        for (int i = 0; i < words.Count; i++)
        {
            string? following = i + 1 < words.Count ? words[i + 1] : null;
            i += CheckOne(key, words[i], following, accepted, problems);
        }

        return accepted;
    }

    /// <summary>Checks one argument and returns how many of the following words it used.</summary>
    private static int CheckOne(string key, string word, string? following, List<string> accepted, List<ConfigurationProblem> problems)
    {
        (string name, string? value) = SplitName(word);
        if (!LlamaArgumentTable.Arguments.TryGetValue(name, out LlamaArgument argument))
        {
            (string reason, string remedy) = word.StartsWith('-')
                ? LlamaArgumentTable.Explain(name)
                : ("is not an argument; those begin with - or --", "leave it out, or put it after the argument that it belongs to");
            problems.Add(new ConfigurationProblem(key, word, reason, remedy));

            // The value of a refused argument is not reported as a second problem.
            return word.StartsWith('-') && value is null && following is not null && !following.StartsWith('-') ? 1 : 0;
        }

        if (argument.Kind == LlamaValueKind.None)
        {
            if (value is null)
                accepted.Add(argument.Name);
            else
                problems.Add(new ConfigurationProblem(key, word, "takes no value", $"write {name} alone"));
            return 0;
        }

        int taken = value is null && following is not null ? 1 : 0;
        value ??= following;
        if (value is not null && IsValue(argument.Kind, value))
        {
            if (IsNegativeContext(argument.Name, value))
            {
                problems.Add(new ConfigurationProblem(
                    key, $"{name} {value}", "is less than 0",
                    "write the tokens of all slots together, or 0 for the whole context of the model; contextSize of a model counts per slot"));
                return taken;
            }

            accepted.Add(argument.Name);
            accepted.Add(value);
            return taken;
        }

        string shown = value is null ? word : $"{name} {value}";
        problems.Add(new ConfigurationProblem(key, shown, $"lacks {Describe(argument.Kind)}", $"write it after {name}"));
        return value is not null && value.StartsWith('-') ? 0 : taken;
    }

    // llama-server itself reads --ctx_size as --ctx-size; many people write --name=value.
    private static (string Name, string? Value) SplitName(string word)
    {
        int equals = word.StartsWith('-') ? word.IndexOf('=', StringComparison.Ordinal) : -1;
        string name = equals < 0 ? word : word[..equals];
        if (name.StartsWith("--", StringComparison.Ordinal))
            name = name.Replace('_', '-');
        return (name, equals < 0 ? null : word[(equals + 1)..]);
    }

    // llama-server takes it as a very large number, and ends.
    private static bool IsNegativeContext(string name, string value) => name == ContextArgument && value.StartsWith('-');

    private static bool IsValue(LlamaValueKind kind, string value) => kind switch
    {
        LlamaValueKind.Integer => int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        LlamaValueKind.Number => double.TryParse(
            value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _),
        LlamaValueKind.Word => IsWord(value),
        LlamaValueKind.Pattern => IsPattern(value),
        _ => IsJsonObject(value),
    };

    private static bool IsWord(string value) =>
        value.Length is > 0 and <= 512 && !value.AsSpan().ContainsAnyExcept(WordCharacters)
        && (value[0] != '-' || int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _));

    // A regular expression may contain any character; llama-server uses it for nothing else.
    private static bool IsPattern(string value) =>
        !value.StartsWith('-') && value.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals && equals < value.Length - 1
        && !value.AsSpan().ContainsAnyExceptInRange(' ', '~');

    private static bool IsJsonObject(string value)
    {
        try
        {
            using var document = JsonDocument.Parse(value);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Describe(LlamaValueKind kind) => kind switch
    {
        LlamaValueKind.Integer => "a whole number",
        LlamaValueKind.Number => "a number",
        LlamaValueKind.Pattern => "a pattern and a buffer, such as \\.ffn_.*_exps\\.=CPU",
        LlamaValueKind.Word => "a word of letters, digits and _ . , : ; = + -",
        _ => "a JSON object",
    };
}
