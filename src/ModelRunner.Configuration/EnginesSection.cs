using System.Buffers;
using System.Text.Json;

namespace ModelRunner.Configuration;

/// <summary>Reads the section <c>engines</c> of the file: servers that are started on demand by a command.</summary>
internal static class EnginesSection
{
    private const string DefaultReadyPath = "/health";
    private const int MaxNameLength = 64;
    private const int MaxWords = 256;
    private const int MaxWordLength = 4096;

    /// <summary>Names that the daemon shows for its own engines, for their backend, and for attached servers.</summary>
    private static readonly string[] TakenNames = [ModelSettings.LlamaBackend, "llama-server", "llama-host", "attached", "none"];

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    /// <summary>
    /// The engines with a command by their names; <see cref="LlamaBuildReader"/> reads the others. Engines with problems are included, so that a model
    /// that names one is not a second problem.
    /// </summary>
    public static IReadOnlyDictionary<string, EngineSettings> Resolve(ConfigurationFile file, OptionReader reader)
    {
        var engines = new Dictionary<string, EngineSettings>(StringComparer.Ordinal);
        foreach ((string name, FileNode node) in file.Engines?.Members ?? [])
        {
            CheckName(file.LocationOf(node), name, reader.Problems);
            if (LlamaBuildReader.IsBuild(node))
                continue;
            if (node.Kind != JsonValueKind.Object)
                reader.Problems.Add(new ConfigurationProblem(file.LocationOf(node), null, $"is {node.KindName}", "write an object with a command"));
            else
                engines.Add(name, ResolveEngine(name, new FileObjectReader(file, node, reader.Problems), reader));
        }

        return engines;
    }

    private static void CheckName(string place, string name, List<ConfigurationProblem> problems)
    {
        if (name.Length is 0 or > MaxNameLength || name.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            problems.Add(new ConfigurationProblem(
                place, name, "cannot be the name of an engine", $"write 1 to {MaxNameLength} letters, digits, dots, dashes and underscores"));
        }
        else if (TakenNames.Contains(name, StringComparer.Ordinal))
        {
            problems.Add(new ConfigurationProblem(place, name, "is a name that the daemon uses itself", "choose another name"));
        }
    }

    private static EngineSettings ResolveEngine(string name, FileObjectReader members, OptionReader reader)
    {
        WrittenValue? command = members.Words("command");
        string ready = Page(members.Text("ready"), reader.Problems) ?? DefaultReadyPath;
        string? metrics = Page(members.TextOrNull("metrics"), reader.Problems);
        WrittenValue? usage = members.Text("usage");
        long? memory = members.Size("memory", EngineSettings.LeastMemory, EngineSettings.MostMemory);
        members.ReportUnknown();
        if (command is null)
        {
            if (!members.Has("command"))
            {
                reader.Problems.Add(new ConfigurationProblem(
                    members.Location, null, "lacks command",
                    "add command, a list such as [\"vllm\", \"serve\", \"{path}\", \"--uds\", \"{socket}\"], or llamaServer, the path of a llama-server"));
            }

            return new EngineSettings(name, [], ready, metrics) { MemoryBytes = memory };
        }

        string[] words = ResolveCommand(command, reader);
        return new EngineSettings(name, words, ready, metrics)
        {
            MemoryBytes = memory,
            RequestsUsage = UsageText.IsRequested(usage, isDefault: !words.Any(IsLlamaServer), reader.Problems),
        };
    }

    // Also behind a program such as env or nice.
    private static bool IsLlamaServer(string word) => Path.GetFileName(word) == "llama-server";

    private static string[] ResolveCommand(WrittenValue written, OptionReader reader)
    {
        string[] words = [.. written.Items!];
        List<ConfigurationProblem> problems = reader.Problems;
        if (words.Length is 0 or > MaxWords)
        {
            problems.Add(new ConfigurationProblem(
                written.Key, null, $"has {words.Length} words", $"write 1 to {MaxWords}: the program and its arguments"));
            return words;
        }

        if (words.FirstOrDefault(static word => word.Length > MaxWordLength || word.Contains('\0', StringComparison.Ordinal)) is { } bad)
            problems.Add(new ConfigurationProblem(written.Key, bad, "cannot be a word of a command", $"write at most {MaxWordLength} characters without NUL"));
        if (words[0].Length == 0 || CommandTemplate.Placeholders(words[0]).Any())
            problems.Add(new ConfigurationProblem(written.Key, words[0], "cannot be a program", "write its name, or its path, as the first word"));
        else if (words[0].Contains('/', StringComparison.Ordinal) || words[0] == "~")
            words[0] = PathText.Resolve(words[0], reader.Options, reader.Options.WorkingDirectory);

        CheckPlaceholders(written, words, problems);
        return words;
    }

    private static void CheckPlaceholders(WrittenValue written, string[] words, List<ConfigurationProblem> problems)
    {
        string[] used = [.. words.SelectMany(CommandTemplate.Placeholders).Distinct(StringComparer.Ordinal)];
        foreach (string unknown in used.Where(static name => !CommandTemplate.Known.Contains(name, StringComparer.Ordinal)))
        {
            string remedy = Spelling.Closest(unknown, CommandTemplate.Known) is { } closest
                ? $"did you mean {{{closest}}}?"
                : $"write {string.Join(" or ", CommandTemplate.Known.Select(static name => $"{{{name}}}"))}";
            problems.Add(new ConfigurationProblem(written.Key, $"{{{unknown}}}", "is not a known placeholder", remedy));
        }

        bool hasSocket = used.Contains(CommandTemplate.Socket, StringComparer.Ordinal);
        bool hasPort = used.Contains(CommandTemplate.Port, StringComparer.Ordinal);
        if (hasSocket == hasPort)
        {
            problems.Add(new ConfigurationProblem(
                written.Key, null, hasSocket ? "uses both {socket} and {port}" : "uses neither {socket} nor {port}",
                "use one of them: {socket} if the server can listen on a Unix socket, else {port}"));
        }
    }

    private static string? Page(WrittenValue? written, List<ConfigurationProblem> problems)
    {
        if (written is null || HttpPath.IsPossible(written.Text))
            return written?.Text;

        problems.Add(new ConfigurationProblem(
            written.Key, written.Text, "is not the path of a page", "write a path such as /health, escaped as in a URL"));
        return null;
    }
}
