using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace ModelRunner.Daemon.Runners.Processes;

/// <summary>
/// The private folder (0700) of this daemon's life: runners' sockets, and the empty folder that stands in for their configuration. Its name
/// says whose it is, so that a later daemon can remove what a killed one left.
/// </summary>
internal sealed class RuntimeFolder : IDisposable
{
    /// <summary>What the names of all such folders begin with.</summary>
    public const string NamePrefix = "model-runner-";

    // unix(7): a socket's path has 108 bytes, the last being zero. The file name is at most "r" + 19 digits + ".sock".
    private const int MaxFolderLength = 107 - 26;
    private const uint OwnerOnly = 0x1C0;

    private RuntimeFolder(string path) => Path = path;

    public string Path { get; }

    /// <summary>An empty folder, for programs that would read the user's configuration.</summary>
    public string EmptyFolder => System.IO.Path.Join(Path, "empty");

    /// <summary>The places where such folders may be, the best first.</summary>
    public static IReadOnlyList<string> Places()
    {
        string? perUser = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        string temporary = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetTempPath());
        string[] places = string.IsNullOrEmpty(perUser) ? [temporary, "/tmp"] : [perUser, temporary, "/tmp"];
        return [.. places.Where(System.IO.Path.IsPathRooted).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Makes the folder in the first place that has room for it.</summary>
    /// <exception cref="IOException">None has; the message names them.</exception>
    public static RuntimeFolder Create(IReadOnlyList<string> places)
    {
        foreach (string place in places)
        {
            string path = System.IO.Path.Join(place, $"{NamePrefix}{DaemonIdentity.Own}-{RandomText()}");

            // The call, unlike .NET's, fails where the folder exists: nobody can have prepared it for us.
            if (Encoding.UTF8.GetByteCount(path) > MaxFolderLength || Libc.MakeDirectory(path, OwnerOnly) != 0)
                continue;

            var folder = new RuntimeFolder(path);
            Directory.CreateDirectory(folder.EmptyFolder);
            return folder;
        }

        throw new IOException($"No private folder for runners' sockets could be made in {string.Join(" or ", places)}: "
            + $"{Marshal.GetLastPInvokeErrorMessage()}. Set XDG_RUNTIME_DIR or TMPDIR to a short path that can be written to.");
    }

    /// <summary>A path for a runner's socket that no other start has.</summary>
    public string SocketPath(long number) => System.IO.Path.Join(Path, string.Create(CultureInfo.InvariantCulture, $"r{number}.sock"));

    /// <summary>Removes the folder and all in it.</summary>
    public void Dispose() => Remove(Path);

    /// <summary>Removes a folder as far as that is possible.</summary>
    public static void Remove(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The next start tries again; nothing depends on it.
        }
    }

    private static string RandomText() => Random.Shared.Next().ToString("x8", CultureInfo.InvariantCulture);
}
