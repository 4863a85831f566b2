using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Files;

/// <summary>
/// The metadata of a file, read with statx(2). .NET does not distinguish a pipe from a file, does not report the size of a link's target,
/// and has no inode. This matters for paths that another user may have created.
/// </summary>
internal readonly unsafe struct FileStatus
{
    private const int FollowLinks = 0;
    private const int DoNotFollowLinks = 0x100; // AT_SYMLINK_NOFOLLOW
    private const int DescriptorItself = 0x1000; // AT_EMPTY_PATH
    private const uint BasicFields = 0x7ff; // STATX_BASIC_STATS

    private const int TypeMask = 0xF000;
    private const int RegularType = 0x8000;
    private const int FolderType = 0x4000;
    private const int SocketType = 0xC000;
    private const int WritableByOthers = 0x12; // octal 0022

    // struct statx has the same layout on every architecture.
    private const int StructSize = 256;
    private const int LinksOffset = 16;
    private const int OwnerOffset = 20;
    private const int GroupOffset = 24;
    private const int ModeOffset = 28;
    private const int InodeOffset = 32;
    private const int SizeOffset = 40;
    private const int BlocksOffset = 48;
    private const int BytesOfBlock = 512;
    private const int ChangedSecondsOffset = 96;
    private const int ChangedNanosecondsOffset = 104;
    private const int WrittenSecondsOffset = 112;
    private const int WrittenNanosecondsOffset = 120;
    private const int DeviceMajorOffset = 136;
    private const int DeviceMinorOffset = 140;

    // The latest time that DateTimeOffset can hold, in seconds since 1970.
    private const long LastSecond = 253_402_300_799;

    private FileStatus(FileKind kind) => Kind = kind;

    private FileStatus(byte* fields)
    {
        Links = *(uint*)(fields + LinksOffset);
        Owner = *(uint*)(fields + OwnerOffset);
        Group = *(uint*)(fields + GroupOffset);
        Mode = *(ushort*)(fields + ModeOffset);
        Kind = (Mode & TypeMask) switch
        {
            RegularType => FileKind.Regular,
            FolderType => FileKind.Folder,
            _ => FileKind.Other,
        };
        SizeBytes = *(long*)(fields + SizeOffset);
        AllocatedBytes = *(long*)(fields + BlocksOffset) * BytesOfBlock;
        Changed = TimeOf(*(long*)(fields + ChangedSecondsOffset), *(uint*)(fields + ChangedNanosecondsOffset));
        Written = TimeOf(*(long*)(fields + WrittenSecondsOffset), *(uint*)(fields + WrittenNanosecondsOffset));
        ulong device = ((ulong)*(uint*)(fields + DeviceMajorOffset) << 32) | *(uint*)(fields + DeviceMinorOffset);
        Id = new FileId(device, *(ulong*)(fields + InodeOffset));
    }

    /// <summary>What it is. All other properties are zero where it is <see cref="FileKind.Missing"/> or <see cref="FileKind.Denied"/>.</summary>
    public FileKind Kind { get; }

    /// <summary>How many names (hard links) it has.</summary>
    public uint Links { get; }

    /// <summary>The user who owns it.</summary>
    public uint Owner { get; }

    /// <summary>Its group.</summary>
    public uint Group { get; }

    /// <summary>Its type and permissions.</summary>
    public int Mode { get; }

    /// <summary>Its size. Only regular files have one.</summary>
    public long SizeBytes { get; }

    /// <summary>What it occupies on its disk. A sparse file occupies less than its size.</summary>
    public long AllocatedBytes { get; }

    /// <summary>The time of its last write.</summary>
    public DateTimeOffset Written { get; }

    /// <summary>
    /// The time of the last change of its content or its metadata. No program can set it, while <see cref="Written"/> of a copy is often that of the
    /// original.
    /// </summary>
    public DateTimeOffset Changed { get; }

    /// <summary>Which file it is.</summary>
    public FileId Id { get; }

    /// <summary>Whether the file is there and its metadata could be read.</summary>
    public bool Exists => Kind is not (FileKind.Missing or FileKind.Denied);

    /// <summary>Whether it is a regular file.</summary>
    public bool IsRegular => Kind == FileKind.Regular;

    /// <summary>Whether it is a Unix socket.</summary>
    public bool IsSocket => (Mode & TypeMask) == SocketType;

    /// <summary>Whether the user of this process or root owns it.</summary>
    public bool IsOfUserOrRoot => Exists && (Owner == 0 || Owner == Libc.EffectiveUser());

    /// <summary>Whether it exists, the user of this process owns it, and no other user may write to it.</summary>
    public bool IsPrivate => Exists && Owner == Libc.EffectiveUser() && (Mode & WritableByOthers) == 0;

    /// <summary>Reads the status of what a path leads to; links are followed. Never throws, opens nothing and does not wait for a pipe.</summary>
    public static FileStatus Of(string path) => Read(Libc.CurrentDirectory, path, FollowLinks);

    /// <summary>Reads the status of what is at a path; a link is not followed.</summary>
    public static FileStatus OfLink(string path) => Read(Libc.CurrentDirectory, path, DoNotFollowLinks);

    /// <summary>Reads the status of a name in an open folder; a link is not followed.</summary>
    /// <param name="folder">The descriptor of the folder.</param>
    /// <param name="name">The name in that folder.</param>
    public static FileStatus OfName(int folder, string name) => Read(folder, name, DoNotFollowLinks);

    /// <summary>Reads the status of an open file.</summary>
    public static FileStatus OfDescriptor(int descriptor) => Call(descriptor, "", DescriptorItself);

    /// <inheritdoc cref="OfDescriptor"/>
    public static FileStatus Of(SafeHandle file) => OfDescriptor((int)file.DangerousGetHandle());

    /// <summary>Whether nothing was written to the file between the two. A change of its permissions or names counts as one too.</summary>
    public bool HasContentOf(FileStatus other) => (Changed, Written, SizeBytes) == (other.Changed, other.Written, other.SizeBytes);

    /// <summary>Whether both are the same file. False where one of them does not exist.</summary>
    public bool IsSameFileAs(FileStatus other) => Exists && other.Exists && Id == other.Id;

    private static DateTimeOffset TimeOf(long seconds, uint nanoseconds) =>
        DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, 0, LastSecond)).AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick);

    // The system ends a path at the first zero byte, so such a path would lead to another file.
    private static FileStatus Read(int folder, string path, int flags) =>
        path.Contains('\0', StringComparison.Ordinal) ? default : Call(folder, path, flags);

    private static FileStatus Call(int folder, string path, int flags)
    {
        byte* fields = stackalloc byte[StructSize];
        if (Libc.StatusAt(folder, path, flags, BasicFields, fields) == 0)
            return new FileStatus(fields);
        bool isDenied = Marshal.GetLastPInvokeError() is Libc.ErrorNotPermitted or Libc.ErrorNoAccess;
        return new FileStatus(isDenied ? FileKind.Denied : FileKind.Missing);
    }
}
