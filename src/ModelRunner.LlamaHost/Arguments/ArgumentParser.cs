using System.Globalization;
using System.Net;
using System.Text;

namespace ModelRunner.LlamaHost.Arguments;

/// <summary>Reads the command line as llama-server does: <c>--name value</c>, flags without a value, the last of two wins.</summary>
internal static class ArgumentParser
{
    private const string SocketPathLimit = "its path must be shorter than 108 bytes";

    private static readonly Dictionary<string, Argument> ByName = ArgumentCatalog.All
        .SelectMany(argument => argument.Names.Select(name => (name, argument)))
        .ToDictionary(pair => pair.name, pair => pair.argument, StringComparer.Ordinal);

    /// <summary>Reads all arguments and stops at the first that is wrong.</summary>
    public static ArgumentOutcome Parse(IReadOnlyList<string> arguments)
    {
        var settings = new HostSettings();
        for (int i = 0; i < arguments.Count; i++)
        {
            string name = arguments[i];
            if (name is "--help" or "-h" or "--usage")
                return ArgumentOutcome.Help;
            if (!ByName.TryGetValue(name, out Argument? argument))
                return Wrong(
                    $"invalid argument: {name} (llama-host knows a part of llama-server's arguments; set LLAMA_SERVER_PATH to use that)");

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

        return Check(settings);
    }

    /// <summary>The help: one line an argument. The daemon reads from it which arguments may be passed on.</summary>
    public static string Usage()
    {
        var text = new StringBuilder(
            "llama-host: the embedded llama.cpp runner of model-runner\n\nusage: llama-host --model FILE [arguments]\n\n");
        foreach (Argument argument in ArgumentCatalog.All)
        {
            string names = string.Join(", ", argument.Names) + (argument.ValueName is null ? "" : " " + argument.ValueName);
            text.Append(CultureInfo.InvariantCulture, $"  {names,-28} {argument.Help ?? "accepted as llama-server does"}\n");
        }

        return text.ToString();
    }

    private static ArgumentOutcome Check(HostSettings settings)
    {
        if (settings.ModelPath.Length == 0)
            return Wrong("no model was given: use --model FILE");
        if (settings.IsUnixSocket)
            return Encoding.UTF8.GetByteCount(settings.Host) < 108
                ? new(settings, null)
                : Wrong($"\"{settings.Host}\" cannot be a socket: {SocketPathLimit}");
        return IPAddress.TryParse(settings.Host, out _)
            ? new(settings, null)
            : Wrong(
                $"error while handling argument \"--host\": \"{settings.Host}\" is neither a path that ends in .sock nor an IP address");
    }

    private static ArgumentOutcome Wrong(string problem) => new(null, problem);
}
