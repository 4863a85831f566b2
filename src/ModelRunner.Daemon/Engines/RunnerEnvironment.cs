using System.Collections;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Engines;

/// <summary>The variables of runners: inherited ones, those that the daemon sets for all runners, and those of one engine.</summary>
internal static class RunnerEnvironment
{
    /// <summary>The variables for a runner, as <c>NAME=value</c>.</summary>
    /// <param name="inherited">The variables of the daemon.</param>
    /// <param name="emptyFolder">An existing folder with nothing in it.</param>
    /// <param name="own">Variables for this engine only.</param>
    public static IReadOnlyList<string> Build(IDictionary inherited, string emptyFolder, params ReadOnlySpan<(string Name, string Value)> own)
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in inherited)
            if (variable is { Key: string name, Value: string value } && EngineVariables.IsKept(name))
                variables[name] = value;

        variables[ProcessMark.OwnerVariable] = DaemonIdentity.Own.ToString();

        // Many engines read their user's options from there. The daemon's runners must not depend on them.
        variables["XDG_CONFIG_HOME"] = emptyFolder;

        // A .NET runner that is killed would leave its diagnostics socket behind.
        variables["DOTNET_EnableDiagnostics"] = "0";
        foreach ((string name, string value) in own)
            variables[name] = value;
        return [.. variables.Select(static variable => $"{variable.Key}={variable.Value}")];
    }
}
