using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ModelRunner.Linux.Files;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// The private folder (0700) of this daemon. It holds the sockets of runners, and an empty folder that replaces their configuration. Its name
/// contains the identity of the daemon, so that a later daemon can remove the folder of a killed one. The daemon holds a lock on it, so that
/// programs that clean temporary folders do not remove it.
/// </summary>
internal sealed class RuntimeFolder : IDisposable
{
    /// <summary>The names of all such folders begin with this.</summary>
    public const string NamePrefix = "model-runner-";

    // unix(7): the path of a socket has at most 108 bytes, the zero at its end included. The file name is at most "r" + 19 digits + ".sock".
    private const int MaxFolderLength = 107 - 26;
    private const uint OwnerOnly = 0x1C0;

    private readonly HeldFolder _held;

    private RuntimeFolder(string path, HeldFolder held)
    {
        (Path, _held) = (path, held);
        held.TryLockShared();
    }

    public string Path { get; }

    /// <summary>An empty folder, for programs that would read the configuration of the user.</summary>
    public string EmptyFolder => System.IO.Path.Join(Path, "empty");

    /// <summary>Whether this folder is still at its path. False where it was removed or another folder was created there.</summary>
    public bool IsThere => FileStatus.OfLink(Path).IsSameFileAs(_held.Status);

    /// <summary>
    /// The folders in which it may be created, the best first: <c>XDG_RUNTIME_DIR</c> where it belongs to this user and no other user may
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

    /// <summary>Creates the folder in the first of these folders where that succeeds.</summary>
    /// <exception cref="IOException">It succeeds in none of them; the message names them.</exception>
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

        throw new IOException($"No private folder for runners' sockets could be created in {string.Join(" or ", places)}: "
            + $"{Marshal.GetPInvokeErrorMessage(error)}. Set XDG_RUNTIME_DIR or TMPDIR to a short path that can be written to.");
    }

    /// <summary>
    /// Creates the empty folder again where it is missing: programs that clean temporary folders remove empty folders and leave the rest.
    /// </summary>
    /// <returns>False when no runner can be started with this folder any more. Runners that run may still have their sockets in it.</returns>
    public bool TryRestore() => IsUnchanged() && TryMakeEmptyFolder();

    /// <summary>A path for the socket of a runner. Each start has its own number.</summary>
    public string SocketPath(long number) => System.IO.Path.Join(Path, string.Create(CultureInfo.InvariantCulture, $"r{number}.sock"));

    /// <summary>Removes the folder and all in it, as far as possible; the next start tries again. No runner may still use it.</summary>
    public void Dispose()
    {
        if (IsThere)
            FolderRemoval.Remove(Path);
        _held.Dispose();
    }

    private static RuntimeFolder? TryCreate(string path, out int error)
    {
        // Unlike the method of .NET, the call fails where the folder exists. So no other user can have created it.
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
