using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Files;

/// <summary>Renames a file unless the new name is taken (renameat2(2)). .NET looks first and renames then, so that it may replace a file.</summary>
internal static partial class ExclusiveRename
{
    private const uint NoReplace = 1; // RENAME_NOREPLACE
    private const int ErrorExists = 17;
    private const int ErrorInvalid = 22;
    private const int ErrorNoCall = 38;

    /// <summary>Renames a file. On a file system that cannot look and rename in one step, a file that gets the name at the same moment is replaced.</summary>
    /// <returns>False: the name is taken, if only by a link.</returns>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    public static bool TryMove(string path, string name)
    {
        if (Rename(Libc.CurrentDirectory, path, Libc.CurrentDirectory, name, NoReplace) == 0)
            return true;
        int error = Marshal.GetLastPInvokeError();
        if (error == ErrorExists)
            return false;
        if (error is not (ErrorInvalid or ErrorNoCall))
            throw new IOException($"{path} cannot be renamed to {name}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        if (FileStatus.OfLink(name).Exists)
            return false;
        File.Move(path, name, overwrite: true);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(int folder, string path, int newFolder, string name, uint flags);
}
