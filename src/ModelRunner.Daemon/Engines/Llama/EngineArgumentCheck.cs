using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>
/// Compares the arguments that the user added with those that the engine knows. llama-server renames and removes arguments between
/// versions; an unknown argument makes every start fail, so it is reported when the daemon starts.
/// </summary>
internal static class EngineArgumentCheck
{
    // The names of arguments in other versions of llama-server. The help of a version shows only its own names.
    private static readonly (string Old, string New)[] Renames =
    [
        ("--draft-max", "--spec-draft-n-max"), ("--draft-min", "--spec-draft-n-min"), ("--mlock", "--load-mode mlock"),
        ("--mmap", "--load-mode mmap"), ("--no-mmap", "--load-mode none"), ("--direct-io", "--load-mode dio"),
        ("--no-direct-io", "--load-mode mmap"),
    ];

    /// <summary>Whether the user added any argument for an engine, so that it must be asked.</summary>
    /// <param name="settings">The settings with the arguments.</param>
    /// <param name="build">The build of llama-server; null: the default engine.</param>
    public static bool IsNeeded(DaemonSettings settings, string? build = null) =>
        ArgumentsOfAll(settings, build).Count > 0
        || ModelsOf(settings, build).Any(static model => model.Value is { Arguments.Count: > 0 } or { Draft: not null });

    /// <summary>A problem for each argument that llama-server does not know.</summary>
    /// <param name="settings">The settings with the arguments.</param>
    /// <param name="flags">The arguments that llama-server knows.</param>
    /// <param name="key">Where the arguments for all runners were written.</param>
    /// <param name="build">The build of llama-server; null: the default engine.</param>
    public static IReadOnlyList<ConfigurationProblem> FindUnknown(
        DaemonSettings settings, EngineFlags flags, string key = "LLAMA_ARGS", string? build = null)
    {
        string engine = build is null ? "this llama-server" : $"engine {build}";
        var problems = new List<ConfigurationProblem>();
        Check(key, ArgumentsOfAll(settings, build));
        foreach ((string reference, ModelSettings model) in ModelsOf(settings, build))
        {
            Check($"args of {reference}", model.Arguments);
            if (model.Draft is { } draft && DraftArguments.FindUnknown(draft, flags) is { } member)
            {
                problems.Add(new ConfigurationProblem(
                    $"{member} of {reference}", null, $"has no argument in {engine}", "use a llama-server that knows --spec-draft-model, or remove it"));
            }
        }

        return problems;

        void Check(string place, IReadOnlyList<string> arguments)
        {
            foreach (string name in Names(arguments).Where(name => FindSpelling(name, flags) is null).Distinct(StringComparer.Ordinal))
                problems.Add(new ConfigurationProblem(place, name, $"is not known to {engine}", Remedy(name, flags)));
        }
    }

    /// <summary>All added arguments that the embedded engine does not know, once each.</summary>
    public static IReadOnlyList<string> ListUnknown(DaemonSettings settings, EngineFlags flags) =>
        [.. ModelsOf(settings, build: null).Select(static model => model.Value.Arguments).Prepend(settings.Runners.ExtraArguments)
            .SelectMany(Names).Where(name => FindSpelling(name, flags) is null).Distinct(StringComparer.Ordinal)];

    /// <summary>The arguments in spellings that the engine knows, without those that it does not know at all.</summary>
    /// <param name="arguments">Checked arguments: canonical names, each followed by its value.</param>
    /// <param name="flags">The arguments that the engine knows; null: all are passed unchanged.</param>
    public static IReadOnlyList<string> Adapt(IReadOnlyList<string> arguments, EngineFlags? flags)
    {
        if (flags is null)
            return arguments;

        var adapted = new List<string>(arguments.Count);
        for (int i = 0; i < arguments.Count; i++)
        {
            bool hasValue = HasValue(arguments[i]) && i + 1 < arguments.Count;
            if (FindSpelling(arguments[i], flags) is { } spelling)
            {
                adapted.Add(spelling);
                if (hasValue)
                    adapted.Add(arguments[i + 1]);
            }

            i += hasValue ? 1 : 0;
        }

        return adapted;
    }

    // A build that no model selects starts no runner.
    private static IReadOnlyList<string> ArgumentsOfAll(DaemonSettings settings, string? build) =>
        build is null || ModelsOf(settings, build).Any() ? settings.Runners.ExtraArguments : [];

    private static IEnumerable<KeyValuePair<string, ModelSettings>> ModelsOf(DaemonSettings settings, string? build) =>
        settings.Models.Where(model => string.Equals(model.Value.Build, build, StringComparison.Ordinal));

    private static IEnumerable<string> Names(IReadOnlyList<string> arguments)
    {
        for (int i = 0; i < arguments.Count; i += HasValue(arguments[i]) ? 2 : 1)
            yield return arguments[i];
    }

    private static bool HasValue(string name) =>
        LlamaArgumentTable.Arguments.TryGetValue(name, out LlamaArgument argument) && argument.Kind != LlamaValueKind.None;

    private static string? FindSpelling(string name, EngineFlags flags) =>
        LlamaArgumentTable.Arguments.Where(pair => pair.Value.Name == name).Select(static pair => pair.Key).FirstOrDefault(flags.Known.Contains);

    private static string Remedy(string name, EngineFlags flags)
    {
        string[] instead = flags.Removed.TryGetValue(name, out IReadOnlyList<string>? named) && named.Count > 0
            ? [.. named.Where(flags.Known.Contains)]
            : [.. Renames.Where(pair => pair.Old == name).Select(static pair => pair.New)
                .Concat(Renames.Where(pair => FirstWord(pair.New) == name).Select(static pair => pair.Old))
                .Where(other => flags.Known.Contains(FirstWord(other)))];
        if (instead.Length > 0)
            return $"write {string.Join(" or ", instead)} instead";

        IEnumerable<string> usable = flags.Known.Where(LlamaArgumentTable.Arguments.ContainsKey)
            .Where(static known => known.StartsWith("--", StringComparison.Ordinal)).Select(static known => known[2..]);
        return Spelling.Closest(name.TrimStart('-'), usable) is { } closest
            ? $"did you mean --{closest}?"
            : "leave it out, or use a llama-server that knows it; llama-server --help lists what it knows";
    }

    private static string FirstWord(string text) => text.Split(' ')[0];
}
