namespace ModelRunner.Linux.Files;

/// <summary>What the kernel knows of a file or folder, read from an open descriptor or without following a link.</summary>
/// <param name="Owner">The user who owns it.</param>
/// <param name="Mode">Type and permissions.</param>
/// <param name="Device">The file system that it is on.</param>
/// <param name="Inode">Its number there. With <paramref name="Device"/> it tells one file from every other that exists.</param>
internal readonly record struct FileIdentity(uint Owner, int Mode, ulong Device, ulong Inode)
{
    private const int FactsSize = 256;
    private const int LookAtDescriptor = 0x1000; // AT_EMPTY_PATH
    private const int DoNotFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    private const uint BasicFacts = 0x7ff; // STATX_BASIC_STATS
    private const int WritableByOthers = 0x12; // octal 0022

    /// <summary>Whether this process's user owns it and nobody else may write to it.</summary>
    public bool IsOursAlone => Owner == Libc.EffectiveUser() && (Mode & WritableByOthers) == 0;

    /// <summary>Reads it from an open descriptor; null where that fails.</summary>
    public static FileIdentity? OfDescriptor(int descriptor) => Read(descriptor, "", LookAtDescriptor);

    /// <summary>Reads it by name, a link being a link; null where there is nothing.</summary>
    /// <param name="folder">An open folder, or <see cref="Libc.CurrentDirectory"/>.</param>
    /// <param name="name">The name in that folder, or an absolute path.</param>
    public static FileIdentity? OfName(int folder, string name) => Read(folder, name, DoNotFollow);

    private static unsafe FileIdentity? Read(int folder, string name, int flags)
    {
        // struct statx has the same layout on every architecture.
        byte* facts = stackalloc byte[FactsSize];
        if (Libc.StatusAt(folder, name, flags, BasicFacts, facts) != 0)
            return null;

        ulong device = ((ulong)*(uint*)(facts + 136) << 32) | *(uint*)(facts + 140);
        return new FileIdentity(*(uint*)(facts + 20), *(ushort*)(facts + 28), device, *(ulong*)(facts + 32));
    }
}
