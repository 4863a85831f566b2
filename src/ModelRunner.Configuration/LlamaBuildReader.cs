using System.Text.Json;

namespace ModelRunner.Configuration;

/// <summary>Reads the builds of llama-server in the section <c>engines</c>: the members that name a program instead of a command.</summary>
internal static class LlamaBuildReader
{
    /// <summary>The member that names the program.</summary>
    private const string Program = "llamaServer";

    /// <summary>Whether an engine of the section is a build of llama-server.</summary>
    public static bool IsBuild(FileNode node) => node.Kind == JsonValueKind.Object && node.Members.Any(static member => member.Key == Program);

    /// <summary>The builds by their names. Builds with problems are included, so that a model that names one is not a second problem.</summary>
    public static IReadOnlyDictionary<string, LlamaBuild> Resolve(ConfigurationFile file, OptionReader reader)
    {
        var builds = new Dictionary<string, LlamaBuild>(StringComparer.Ordinal);
        foreach ((string name, FileNode node) in (file.Engines?.Members ?? []).Where(static member => IsBuild(member.Value)))
        {
            var members = new FileObjectReader(file, node, reader.Problems);
            WrittenValue? written = members.Text(Program);
            if (members.Has("command"))
            {
                // The command would need members that the check below does not know.
                reader.Problems.Add(new ConfigurationProblem(
                    members.Location, null, $"has both command and {Program}", $"keep {Program} for a build of llama-server, else command"));
            }
            else
            {
                members.ReportUnknown();
            }

            builds.Add(name, new LlamaBuild(name, written is null ? "" : FindProgram(written, reader)));
        }

        return builds;
    }

    private static string FindProgram(WrittenValue written, OptionReader reader)
    {
        if (!PathText.IsPossible(written.Text))
        {
            reader.Problems.Add(new ConfigurationProblem(written.Key, written.Text, "is not a path", "name llama-server or its folder"));
            return "";
        }

        string named = PathText.Resolve(written.Text, reader.Options, reader.Options.WorkingDirectory);
        (string? path, string? reason) = EngineLookup.FindLlamaServer(named);
        if (path is null)
            reader.Problems.Add(new ConfigurationProblem(written.Key, written.Text, reason!, "name llama-server or its folder"));
        return path ?? "";
    }
}
