using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text;
using ModelRunner.Configuration;

namespace ModelRunner.Cli;

/// <summary><c>model-runner serve</c>: its flags come from the catalogue; its action is a parameter.</summary>
internal sealed class ServeCommand : Command
{
    private readonly List<(ConfigurationOption Definition, Option Option)> _options = [];

    /// <summary>Creates the command.</summary>
    /// <param name="serve">Runs the daemon until it is told to end, and returns the exit code.</param>
    /// <param name="daemonOptions">All options except the flags.</param>
    public ServeCommand(Func<DaemonOptions, CancellationToken, Task<int>> serve, DaemonOptions daemonOptions)
        : base("serve", "Run the daemon in the foreground")
    {
        foreach (ConfigurationOption definition in ConfigurationCatalog.All)
            if (definition.Flag is not null)
                AddOption(definition);

        SetAction((result, cancellation) => serve(daemonOptions with { Flags = ReadFlags(result) }, cancellation));
    }

    /// <summary>The options without a flag, as a part of the help.</summary>
    public static string DescribeOthers()
    {
        var text = new StringBuilder("Options without a flag, set in the configuration file:\n");
        foreach (ConfigurationOption definition in ConfigurationCatalog.All)
            if (definition.Flag is null)
                text.Append(CultureInfo.InvariantCulture, $"  {definition.Name}\n      {Describe(definition)}\n");
        return text.Append('\n').ToString();
    }

    private void AddOption(ConfigurationOption definition)
    {
        string description = Describe(definition);
        Option option = definition.Kind == OptionKind.Switch
            ? new Option<string>(definition.Flag!) { Description = description, HelpName = "on|off", Arity = ArgumentArity.ZeroOrOne }
            : new Option<string>(definition.Flag!) { Description = description, HelpName = Placeholder(definition.Kind) };
        _options.Add((definition, option));
        Add(option);
    }

    private Dictionary<string, string> ReadFlags(ParseResult result)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((ConfigurationOption definition, Option option) in _options)
            if (result.GetResult(option) is OptionResult { Implicit: false } written)
                flags[definition.Flag!] = written.Tokens.Count > 0 ? written.Tokens[^1].Value : "true";
        return flags;
    }

    private static string Describe(ConfigurationOption definition)
    {
        string variable = definition.Variable is null ? "" : $"variable: {definition.Variable}, ";
        return $"{definition.Description} [{variable}default: {definition.Default}]";
    }

    private static string Placeholder(OptionKind kind) => kind switch
    {
        OptionKind.Path => "PATH",
        OptionKind.Address => "ADDRESS",
        OptionKind.Integer => "N",
        OptionKind.Duration or OptionKind.KeepAlive => "DURATION",
        OptionKind.Bytes => "SIZE",
        OptionKind.Rate => "RATE",
        OptionKind.Servers => "HOSTS",
        OptionKind.Mirrors => "ADDRESSES",
        OptionKind.Processors => "NUMBERS",
        OptionKind.Level => "LEVEL",
        OptionKind.Origins => "ORIGINS",
        OptionKind.Hosts => "HOSTS",
        OptionKind.Sources => "NAMES",
        _ => "ARGS",
    };
}
