using System.Globalization;
using System.Text;
using ModelRunner.Configuration;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Engines.Llama.Slots;

/// <summary>
/// What a saved context belongs to: the files of the model, the program, libraries and version of the engine, and the arguments with the
/// files in them. A context of anything else
/// would give wrong answers. The contents of the files are not read: their inode, size and times stand for them.
/// </summary>
internal static class SlotIdentity
{
    private const int NameBytes = 12;

    // llama-server reads options of all users from there.
    private const string SystemOptions = "/etc/llama.cpp/config.ini";

    // What a program needs of llama.cpp lies beside it. Other programs there, which change for other reasons, do not matter.
    private static readonly string[] Libraries = ["libllama*", "libggml*", "libmtmd*"];
    private const int MaxLibraries = 500;

    // They do not change what a context contains, and differ between starts.
    private static readonly HashSet<string> Neutral = new(StringComparer.Ordinal) { "--host", LlamaConnections.ThreadsArgument, SlotStore.FolderArgument };

    /// <summary>Describes a runner. Call it before its process loads the files and again afterwards: if both differ, a file was replaced meanwhile.</summary>
    /// <param name="start">The start of the runner.</param>
    /// <param name="modelPath">The file of the model.</param>
    /// <param name="version">The version that the engine reports.</param>
    public static string Of(RunnerStart start, string modelPath, string? version)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{start.Engine.Name} {version} ");
        Append(text, start.Program);
        AppendLibraries(text, start.Program);
        Append(text, SystemOptions);
        foreach (string path in ShardName.TryParse(modelPath, out ShardName shard) ? shard.AllPaths() : [modelPath])
            Append(text, path);
        for (int i = 0; i < start.Arguments.Count; i++)
        {
            if (Neutral.Contains(start.Arguments[i]))
                i++;
            else
                AppendArgument(text, start.Arguments[i]);
        }

        return text.ToString();
    }

    /// <summary>The start of the names of all files of an identity.</summary>
    public static string NameOf(string identity) => Convert.ToHexStringLower(Sha256.Hash(Encoding.UTF8.GetBytes(identity)).AsSpan(0, NameBytes));

    // Adapters are named as "path", "path,path" or "path:scale".
    private static void AppendArgument(StringBuilder text, string argument)
    {
        text.Append(' ').Append(argument).Append(' ');
        if (!argument.Contains('/', StringComparison.Ordinal))
            return;
        foreach (string part in argument.Split(','))
        {
            int scale = part.LastIndexOf(':');
            foreach (string path in scale > 0 ? [part, part[..scale]] : new[] { part })
                if (Path.IsPathRooted(path) && FileStatus.Of(path).IsRegular)
                    Append(text, path);
        }
    }

    private static void AppendLibraries(StringBuilder text, string program)
    {
        try
        {
            string target = File.ResolveLinkTarget(program, returnFinalTarget: true)?.FullName ?? program;
            var found = new StringBuilder();
            foreach (string path in Libraries.SelectMany(pattern => Directory.EnumerateFiles(Path.GetDirectoryName(target)!, pattern))
                .Take(MaxLibraries).Order(StringComparer.Ordinal))
                Append(found, path);
            text.Append(NameOf(found.ToString())).Append(' ');
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The program itself is described.
        }
    }

    // A new file may get the inode of a removed one, and a copy the time of the original. Only the time of the last change cannot be set.
    private static void Append(StringBuilder text, string path)
    {
        FileStatus file = FileStatus.Of(path);
        text.Append(CultureInfo.InvariantCulture, $"{path} {file.Id.Inode} {file.SizeBytes} {file.Written.UtcTicks} {file.Changed.UtcTicks} ");
    }
}
