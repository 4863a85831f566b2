using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Files;

/// <summary>A second name for a file, which .NET does not offer.</summary>
internal static partial class HardLink
{
    /// <summary>Gives a file a second name. Returns false where the name exists or the file system has no hard links between the two folders.</summary>
    public static bool TryCreate(string existing, string name) => Create(existing, name) == 0;

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Create(string existing, string name);
}
