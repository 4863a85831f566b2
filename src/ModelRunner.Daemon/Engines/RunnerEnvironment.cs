using System.Collections;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Engines;

/// <summary>
/// The variables that runners get: those that engines inherit, and some that the daemon sets.
/// </summary>
internal static class RunnerEnvironment
{
    /// <summary>The variables for a runner, as <c>NAME=value</c>.</summary>
    /// <param name="inherited">The daemon's own.</param>
    /// <param name="emptyFolder">An existing folder with nothing in it.</param>
    public static IReadOnlyList<string> Build(IDictionary inherited, string emptyFolder)
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in inherited)
            if (variable is { Key: string name, Value: string value } && EngineVariables.IsKept(name))
                variables[name] = value;

        variables[ProcessMark.OwnerVariable] = DaemonIdentity.Own.ToString();

        // llama-server reads llama.cpp/config.ini from there; an abort would start a debugger for a backtrace.
        variables["XDG_CONFIG_HOME"] = emptyFolder;
        variables["GGML_NO_BACKTRACE"] = "1";

        // As variables rather than flags: a llama-server that does not know one of them ignores it.
        variables["LLAMA_ARG_NO_UI"] = "1";
        variables["LLAMA_ARG_NO_WEBUI"] = "1";
        variables["LLAMA_ARG_OFFLINE"] = "1";
        variables["LLAMA_ARG_ENDPOINT_SLOTS"] = "0";

        // A .NET runner that is killed would leave its diagnostics socket behind.
        variables["DOTNET_EnableDiagnostics"] = "0";
        return [.. variables.Select(static variable => $"{variable.Key}={variable.Value}")];
    }
}
