using System.Globalization;
using System.Text;

namespace ModelRunner.LlamaHost.Grammars;

/// <summary>Collects the rules of a grammar. Equal expressions become one rule.</summary>
internal sealed class GrammarRules
{
    /// <summary>The rule for any JSON value.</summary>
    public const string Value = "value";

    /// <summary>The rule for any JSON object.</summary>
    public const string Object = "object";

    /// <summary>The rule for any JSON string.</summary>
    public const string String = "string";

    /// <summary>The rule for one character of a JSON string.</summary>
    public const string Character = "char";

    /// <summary>The rule for any number.</summary>
    public const string Number = "number";

    /// <summary>
    /// The rule for the space between two tokens. It is bounded, since small models tend to repeat spaces without end.
    /// </summary>
    public const string Space = "ws";

    private const int MaxCharacters = 524_288;
    private const int MaxRepetitions = 20_000;

    // An unpaired surrogate is not text, so it has no escape here.
    private const string Common =
        """
        ws ::= ( " " | "\n" [ \t]{0,20} )?
        hex ::= [0-9a-fA-F]
        char ::= [\x20!#-\x5B\x5D-\x7E\u0080-\uD7FF\uE000-\U0010FFFF] | "\\" ( ["\\/bfnrt] | "u" ( [0-9a-cA-CefEF] hex hex hex | [dD] [0-7] hex hex ) )
        string ::= "\"" char* "\""
        number ::= "-"? ( "0" | [1-9] [0-9]{0,14} ) ( "." [0-9]{1,15} )? ( [eE] [-+]? [0-9] [0-9]? )?
        member ::= string ":" ws value
        object ::= "{" ws ( member ( "," ws member )* ws )? "}"
        array ::= "[" ws ( value ( "," ws value )* ws )? "]"
        value ::= object | array | string | number | "true" | "false" | "null"

        """;

    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly StringBuilder _text = new(Common);
    private int _count;
    private long _repetitions;

    /// <summary>Adds a rule, or finds the one with the same expression.</summary>
    /// <returns>Its name.</returns>
    public string Add(string expression)
    {
        if (_names.TryGetValue(expression, out string? known))
            return known;
        string name = Reserve();
        _names.Add(expression, name);
        Define(name, expression);
        return name;
    }

    /// <summary>Reserves a name for a rule that is defined later.</summary>
    public string Reserve() => string.Create(CultureInfo.InvariantCulture, $"r{_count++}");

    /// <summary>Defines a rule with a reserved name.</summary>
    public void Define(string name, string expression)
    {
        _text.Append(name).Append(" ::= ").Append(expression).Append('\n');
        if (_text.Length > MaxCharacters)
            throw new SchemaException("the JSON schema is too large: its grammar has more than 524288 characters; use a smaller schema");
    }

    /// <summary>Counts an expression that is expanded the given number of times.</summary>
    public void Repeat(long times)
    {
        _repetitions += times;
        if (_repetitions > MaxRepetitions)
            throw new SchemaException("the JSON schema is too large: its lengths and counts add up to more than 20000; use smaller limits");
    }

    /// <summary>The whole grammar.</summary>
    public string Finish(string root)
    {
        Define("root", root);
        return _text.ToString();
    }
}
