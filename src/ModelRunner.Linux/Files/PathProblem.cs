using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Linux.Files;

/// <summary>Explains why a path cannot be used, as a clause that follows the path in a sentence. Never throws and waits for no pipe.</summary>
internal static class PathProblem
{
    /// <summary>The rights of the path forbid it.</summary>
    public const string Denied = "may not be read by this user";

    /// <summary>A regular file can be opened, so its bytes are the problem.</summary>
    public const string Unreadable = "cannot be read";

    /// <summary>Explains why no regular file could be read at a path.</summary>
    public static string OfFile(string path) => FileStatus.Of(path).Kind switch
    {
        FileKind.Missing => DescribeMissing(path, "file"),
        FileKind.Denied => Denied,
        FileKind.Folder => "is a folder",
        FileKind.Regular => DescribeRegular(path),
        _ => "is not a regular file",
    };

    /// <summary>Explains why no folder could be read at a path.</summary>
    public static string OfFolder(string path) => FileStatus.Of(path).Kind switch
    {
        FileKind.Missing => DescribeMissing(path, "folder"),
        FileKind.Denied or FileKind.Folder => Denied,
        _ => "is not a folder",
    };

    private static string DescribeMissing(string path, string expected) =>
        FileStatus.OfLink(path).Exists ? $"is a link to a {expected} that does not exist" : "does not exist";

    // Only the system knows why it does not open a file, for instance an access list or the limit of open files.
    private static string DescribeRegular(string path)
    {
        using SafeFileHandle file = RegularFile.OpenAnything(path);
        if (!file.IsInvalid)
            return Unreadable;

        int error = Marshal.GetLastPInvokeError();
        return error is Libc.ErrorNotPermitted or Libc.ErrorNoAccess ? Denied : $"cannot be opened: {Marshal.GetPInvokeErrorMessage(error)}";
    }
}
