using ModelRunner.Configuration;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Client.Discovery;

/// <summary>
/// The running daemons of this user: a folder with one file for each, by which a client finds them from any working directory. The name of a
/// file contains the process id of its writer, so that files of killed daemons are recognised and removed.
/// </summary>
internal sealed class DaemonRegistry
{
    private const string FolderName = "model-runner";
    private const string Ending = ".json";
    private const int MaxFiles = 256;
    private const int MaxFileBytes = 16 * 1024;
    private const int Attempts = 3;

    private readonly string _path;

    private DaemonRegistry(string path) => _path = path;

    /// <summary>The folder's absolute path.</summary>
    public string FolderPath => _path;

    /// <summary>
    /// The registry of this user: in <c>XDG_RUNTIME_DIR</c>, else at that variable's usual value, else in <c>/tmp</c> under a name that
    /// contains the user id. Every process of the user must find the same folder, so <c>TMPDIR</c> is ignored.
    /// </summary>
    public static DaemonRegistry Of(DaemonOptions options)
    {
        if (options.Variable("XDG_RUNTIME_DIR") is { } named && Path.IsPathRooted(named))
            return new DaemonRegistry(Path.Join(named, FolderName));

        string usual = $"/run/user/{PrivateFolder.User}";
        using PrivateFolder? own = PrivateFolder.TryOpen(usual, create: false);
        return new DaemonRegistry(own is null ? $"/tmp/.{FolderName}-{PrivateFolder.User}" : Path.Join(usual, FolderName));
    }

    /// <summary>The running daemons, the one that was started first in front. Removes files of dead ones.</summary>
    public IReadOnlyList<RunningDaemon> List()
    {
        using PrivateFolder? folder = PrivateFolder.TryOpen(_path, create: false);
        if (folder is null)
            return [];

        var found = new List<(long StartTime, RunningDaemon Daemon)>();
        foreach (string path in Directory.EnumerateFiles(folder.Path, "*" + Ending).Take(MaxFiles))
        {
            // A daemon of another container may share the folder, but hardly its socket and its loopback.
            if (!DaemonIdentity.TryParse(Path.GetFileNameWithoutExtension(path), out DaemonIdentity identity)
                || identity.Namespace != DaemonIdentity.Own.Namespace)
                continue;
            if (identity.IsDead)
                Remove(path);
            else if (Read(path) is { } daemon)
                found.Add((identity.StartTime, daemon));
        }

        return [.. found.OrderBy(static entry => entry.StartTime).Select(static entry => entry.Daemon)];
    }

    /// <summary>
    /// Announces this process to clients until the result is disposed. Removes files of dead daemons, so that the folder can become empty.
    /// </summary>
    /// <exception cref="IOException">The folder cannot be created, or it belongs to another user.</exception>
    public Announcement Announce(RunningDaemon daemon)
    {
        _ = List();
        string name = DaemonIdentity.Own + Ending;
        for (int attempt = 1; ; attempt++)
        {
            PrivateFolder folder = PrivateFolder.TryOpen(_path, create: true)
                ?? throw new IOException($"{_path} cannot be created, or other users can write to it");
            string unfinished = Path.Join(folder.Path, name + ".new");
            try
            {
                using (FileStream file = File.Create(unfinished))
                    daemon.WriteTo(file);
                File.Move(unfinished, Path.Join(folder.Path, name), overwrite: true);
                return new Announcement(folder, _path, name);
            }
            catch (Exception failure)
            {
                string shown = failure.Message.Replace(folder.Path, _path + "/", StringComparison.Ordinal);
                Remove(unfinished);
                folder.Dispose();
                PrivateFolder.RemoveIfEmpty(_path);

                // Another daemon that ended just now removed the empty folder: try again.
                if (attempt < Attempts && failure is (FileNotFoundException or DirectoryNotFoundException))
                    continue;

                if (failure is not (IOException or UnauthorizedAccessException))
                    throw;

                // The path through the descriptor means nothing to a reader.
                throw new IOException(shown, failure);
            }
        }
    }

    private static RunningDaemon? Read(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            byte[] text = new byte[MaxFileBytes];
            return RunningDaemon.Read(text.AsMemory(0, file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false)));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The process ended in this moment.
            return null;
        }
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The next caller tries again.
        }
    }
}
