using System.Runtime.InteropServices;

namespace ModelRunner.LlamaHost.Native;

/// <summary>The C library's calls for which .NET has no equivalent.</summary>
internal static partial class LibC
{
    /// <summary>Sets the permissions that new files do not get.</summary>
    [LibraryImport("libc", EntryPoint = "umask")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial uint SetUmask(uint mask);

    /// <summary>Sets a variable that native code sees: .NET's own only changes a copy.</summary>
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int SetEnvironmentVariable(string name, string value, int overwrite);

    /// <summary>Ends the process at once, without the destructors of libraries that another thread may still be using.</summary>
    [LibraryImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial void ExitNow(int status);
}
