using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Linux.Files;

/// <summary>
/// To whom a new file or folder is given. Root often edits the files of a daemon that runs as another user: that user must be able to read
/// them afterwards.
/// </summary>
/// <param name="User">The user who owns it.</param>
/// <param name="Group">Its group.</param>
internal readonly record struct FileOwner(uint User, uint Group)
{
    private const uint Root = 0;

    /// <summary>
    /// The owner that a file at this path must have: that of the file that is there. A new file of root gets the owner of its folder; one of
    /// another user belongs to that user, who cannot give it away (null).
    /// </summary>
    public static FileOwner? Of(string path)
    {
        var status = FileStatus.Of(path);
        if (status.IsRegular)
            return new FileOwner(status.Owner, status.Group);
        return Libc.EffectiveUser() == Root ? OfFolder(Path.GetDirectoryName(path)!) : null;
    }

    /// <summary>Creates a folder that only its owner can use, and those above it that are missing. Root gives each to the owner of the folder above.</summary>
    /// <exception cref="IOException">It cannot be created or given away.</exception>
    /// <exception cref="UnauthorizedAccessException">This user must not write there.</exception>
    public static void CreateFolder(string path)
    {
        if (FileStatus.Of(path).Exists)
            return;
        if (Path.GetDirectoryName(path) is not { } parent)
            return;
        CreateFolder(parent);
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (Libc.EffectiveUser() != Root)
            return;

        // The owner of the folder above may have replaced the new one by a link.
        int descriptor = Libc.OpenAt(Libc.CurrentDirectory, path, Libc.OpenDirectory | Libc.OpenNoFollow | Libc.OpenCloseOnExec, 0);
        using var folder = new SafeFileHandle(descriptor, ownsHandle: true);
        if (folder.IsInvalid)
            throw new IOException($"{path} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        OfFolder(parent).Give(folder, path);
    }

    /// <summary>Gives an open file or folder to this owner, if it is not already theirs.</summary>
    /// <returns>False if it belongs to this user already, who is not in the group and so must not give it to the group.</returns>
    /// <exception cref="IOException">This process must not do that.</exception>
    public bool Give(SafeFileHandle file, string path)
    {
        var status = FileStatus.Of(file);
        if (status.Owner == User && status.Group == Group)
            return true;
        if (Libc.ChangeOwner((int)file.DangerousGetHandle(), User, Group) == 0)
            return true;
        if (status.Owner == User)
            return false;
        string reason = Marshal.GetLastPInvokeErrorMessage();
        throw new IOException(string.Create(
            CultureInfo.InvariantCulture, $"{path} belongs to user {User} and group {Group}; run this command as this user or as root ({reason})"));
    }

    private static FileOwner OfFolder(string path)
    {
        var status = FileStatus.Of(path);
        return new FileOwner(status.Owner, status.Group);
    }
}
