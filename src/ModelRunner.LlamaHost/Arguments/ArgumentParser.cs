using System.Globalization;
using System.Net;
using System.Text;

namespace ModelRunner.LlamaHost.Arguments;

/// <summary>
/// Reads the command line as llama-server does: <c>--name value</c>, flags without a value, the last of two wins. Arguments that only
/// llama-server knows are ignored and reported, since people set the same arguments for both engines.
/// </summary>
internal static class ArgumentParser
{
    private const string SocketPathLimit = "its path must be shorter than 108 bytes";

    private static readonly Dictionary<string, Argument> ByName = ArgumentCatalog.All
        .SelectMany(argument => argument.Names.Select(name => (name, argument)))
        .ToDictionary(pair => pair.name, pair => pair.argument, StringComparer.Ordinal);

    /// <summary>Reads all arguments and stops at the first invalid one.</summary>
    public static ArgumentOutcome Parse(IReadOnlyList<string> arguments)
    {
        var settings = new HostSettings();
        var ignored = new List<string>();
        for (int i = 0; i < arguments.Count; i++)
        {
            string name = arguments[i];
            if (name is "--help" or "-h" or "--usage")
                return ArgumentOutcome.Help;
            if (!ByName.TryGetValue(name, out Argument? argument))
            {
                if (!IsName(name))
                    return Wrong($"invalid argument: {name} (the name of an argument begins with -; llama-host --help lists all)");
                ignored.Add(name);
                if (i + 1 < arguments.Count && !IsName(arguments[i + 1]))
                    i++;
                continue;
            }

            string value = "";
            if (argument.ValueName is not null)
            {
                if (++i == arguments.Count)
                    return Wrong($"expected value for argument: {name}");
                value = arguments[i];
            }

            try
            {
                settings = argument.Apply(settings, value);
            }
            catch (FormatException failure)
            {
                return Wrong($"error while handling argument \"{name}\": \"{value}\" cannot be used: {failure.Message}");
            }
        }

        return Check(settings, ignored);
    }

    /// <summary>The help: one line for each argument. The daemon reads from it which arguments it may pass on.</summary>
    public static string Usage()
    {
        var text = new StringBuilder(
            "llama-host: the embedded llama.cpp runner of model-runner\n\nusage: llama-host --model FILE [arguments]\n\n");
        foreach (Argument argument in ArgumentCatalog.All)
        {
            string names = string.Join(", ", argument.Names) + (argument.ValueName is null ? "" : " " + argument.ValueName);
            text.Append(CultureInfo.InvariantCulture, $"  {names,-28} {argument.Help}\n");
        }

        return text.ToString();
    }

    // A value may begin with a minus sign if it is a number.
    private static bool IsName(string text) => text is ['-', _, ..] && !char.IsAsciiDigit(text[1]) && text[1] != '.';

    private static ArgumentOutcome Check(HostSettings settings, IReadOnlyList<string> ignored)
    {
        if (settings.ModelPath.Length == 0)
            return Wrong("no model was given: use --model FILE");
        if (settings.IsUnixSocket)
            return Encoding.UTF8.GetByteCount(settings.Host) < 108
                ? new(settings, null, ignored)
                : Wrong($"\"{settings.Host}\" cannot be a socket: {SocketPathLimit}");
        return IPAddress.TryParse(settings.Host, out _)
            ? new(settings, null, ignored)
            : Wrong(
                $"error while handling argument \"--host\": \"{settings.Host}\" is neither a path that ends in .sock nor an IP address");
    }

    private static ArgumentOutcome Wrong(string problem) => new(null, problem, []);
}
