using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ModelRunner.Linux.Files;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// The private folder (0700) of this daemon's life: runners' sockets, and the empty folder that stands in for their configuration. Its name
/// tells which daemon it belongs to, so that a later daemon can remove what a killed one left. A lock on it, held for as long as this lives,
/// tells programs that clean temporary folders to leave it alone.
/// </summary>
internal sealed class RuntimeFolder : IDisposable
{
    /// <summary>What the names of all such folders begin with.</summary>
    public const string NamePrefix = "model-runner-";

    // unix(7): a socket's path has 108 bytes, the last being zero. The file name is at most "r" + 19 digits + ".sock".
    private const int MaxFolderLength = 107 - 26;
    private const uint OwnerOnly = 0x1C0;

    private readonly HeldFolder _held;

    private RuntimeFolder(string path, HeldFolder held)
    {
        (Path, _held) = (path, held);
        held.TryLockShared();
    }

    public string Path { get; }

    /// <summary>An empty folder, for programs that would read the user's configuration.</summary>
    public string EmptyFolder => System.IO.Path.Join(Path, "empty");

    /// <summary>Whether the path still leads to this folder, and not to nothing or to a folder that somebody made in its place.</summary>
    public bool IsThere => FileStatus.OfLink(Path).IsSameFileAs(_held.Status);

    /// <summary>
    /// The places where such folders may be, the best first: <c>XDG_RUNTIME_DIR</c> where it belongs to this user and nobody else may
    /// write to it, then the temporary folders.
    /// </summary>
    public static IReadOnlyList<string> Places() => Places(Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"), System.IO.Path.GetTempPath());

    /// <summary>For tests, which name the folders.</summary>
    internal static IReadOnlyList<string> Places(string? perUser, string temporary)
    {
        string[] places = [System.IO.Path.TrimEndingDirectorySeparator(temporary), "/tmp"];
        if (IsPrivate(perUser))
            places = [System.IO.Path.TrimEndingDirectorySeparator(perUser!), .. places];
        return [.. places.Where(System.IO.Path.IsPathRooted).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Makes the folder in the first place that has room for it.</summary>
    /// <exception cref="IOException">None has; the message names them.</exception>
    public static RuntimeFolder Create(IReadOnlyList<string> places)
    {
        int error = 0;
        foreach (string place in places)
        {
            string path = System.IO.Path.Join(place, $"{NamePrefix}{DaemonIdentity.Own}-{RandomText()}");

            if (Encoding.UTF8.GetByteCount(path) > MaxFolderLength)
                error = Libc.ErrorNameTooLong;
            else if (TryCreate(path, out error) is { } folder)
                return folder;
        }

        throw new IOException($"No private folder for runners' sockets could be made in {string.Join(" or ", places)}: "
            + $"{Marshal.GetPInvokeErrorMessage(error)}. Set XDG_RUNTIME_DIR or TMPDIR to a short path that can be written to.");
    }

    /// <summary>
    /// Makes the empty folder again where it is gone: programs that clean temporary folders remove empty ones, and leave the rest.
    /// </summary>
    /// <returns>False when nothing can be started with this folder any more; runners that live may still have their sockets in it.</returns>
    public bool TryRestore() => IsUnchanged() && TryMakeEmptyFolder();

    /// <summary>A path for a runner's socket that no other start has.</summary>
    public string SocketPath(long number) => System.IO.Path.Join(Path, string.Create(CultureInfo.InvariantCulture, $"r{number}.sock"));

    /// <summary>Removes the folder and all in it, as far as that is possible; the next start tries again. No runner may live in it.</summary>
    public void Dispose()
    {
        if (IsThere)
            FolderRemoval.Remove(Path);
        _held.Dispose();
    }

    private static RuntimeFolder? TryCreate(string path, out int error)
    {
        // The call, unlike .NET's, fails where the folder exists: nobody can have prepared it for us.
        if (Libc.MakeDirectory(path, OwnerOnly) != 0)
        {
            error = Marshal.GetLastPInvokeError();
            return null;
        }

        if (HeldFolder.Open(path) is not { } held)
        {
            error = Marshal.GetLastPInvokeError();
            _ = Libc.UnlinkAt(Libc.CurrentDirectory, path, Libc.RemoveDirectory);
            return null;
        }

        var folder = new RuntimeFolder(path, held);
        bool isComplete = folder.TryMakeEmptyFolder();
        error = Marshal.GetLastPInvokeError();
        if (isComplete)
            return folder;
        folder.Dispose();
        return null;
    }

    private bool TryMakeEmptyFolder() => Directory.Exists(EmptyFolder) || Libc.MakeDirectory(EmptyFolder, OwnerOnly) == 0;

    private bool IsUnchanged()
    {
        FileStatus found = FileStatus.OfLink(Path);
        return found.IsSameFileAs(_held.Status) && (found.Owner, found.Mode) == (_held.Status.Owner, _held.Status.Mode);
    }

    private static bool IsPrivate(string? path)
    {
        if (string.IsNullOrEmpty(path) || !System.IO.Path.IsPathRooted(path))
            return false;
        using HeldFolder? folder = HeldFolder.Open(path);
        return folder is { Status.IsPrivate: true };
    }

    private static string RandomText() => Random.Shared.Next().ToString("x8", CultureInfo.InvariantCulture);
}
