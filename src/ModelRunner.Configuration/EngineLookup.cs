using ModelRunner.Linux.Files;

namespace ModelRunner.Configuration;

/// <summary>Finds the executables of the engines.</summary>
internal static class EngineLookup
{
    private const string LlamaServer = "llama-server";

    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>
    /// Absolute path of llama-server: the named one, else the first one in PATH, else null. A name that does not lead to it is a problem,
    /// since the user would not get the requested engine.
    /// </summary>
    public static string? FindLlamaServer(OptionReader reader)
    {
        ConfigurationOption option = ConfigurationCatalog.LlamaServerPath;
        if (reader.Written.Find(option) is not { } written)
            return FindOnPath(LlamaServer, reader.Options.Variable("PATH"));
        if (reader.Path(option) is not { } named)
            return null;

        (string? path, string? reason) = FindLlamaServer(named);
        if (path is null)
        {
            reader.Problems.Add(new ConfigurationProblem(written.Key, written.Text, reason!,
                "name llama-server or its folder, or leave it out to use the one in PATH or the embedded runner"));
        }

        return path;
    }

    /// <summary>The program that a path names: the path itself, or llama-server in this folder. Otherwise the reason why there is none.</summary>
    public static (string? Path, string? Problem) FindLlamaServer(string named)
    {
        bool isFolder = Directory.Exists(named);
        string path = isFolder ? Path.Join(named, LlamaServer) : named;
        if (IsExecutable(path))
            return (path, null);
        return (null, isFolder ? "is a folder without an executable llama-server"
            : FileStatus.Of(named).IsRegular ? "is not an executable file" : PathProblem.OfFile(named));
    }

    /// <summary>Absolute path of the embedded runner, in its folder beside our executable; null if this build has none.</summary>
    public static string? FindLlamaHost(DaemonOptions options)
    {
        string path = Path.Join(options.BaseDirectory, "llama-host", "llama-host");
        return IsExecutable(path) ? path : null;
    }

    /// <summary>Absolute path of a program; null if it does not exist or is not executable.</summary>
    /// <param name="program">An absolute path, or a name without a slash.</param>
    /// <param name="folders">The value of PATH, where a name is looked up.</param>
    public static string? FindProgram(string program, string? folders)
    {
        if (!Path.IsPathRooted(program))
            return FindOnPath(program, folders);
        return IsExecutable(program) ? program : null;
    }

    private static string? FindOnPath(string program, string? folders)
    {
        // A relative entry would let the working directory determine which program is executed.
        IEnumerable<string> absolute = (folders ?? "").Split(':').Where(Path.IsPathRooted);
        return absolute.Select(folder => Path.Join(folder, program)).FirstOrDefault(IsExecutable);
    }

    private static bool IsExecutable(string path)
    {
        try
        {
            return File.Exists(path) && (File.GetUnixFileMode(path) & AnyExecute) != UnixFileMode.None;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
