namespace ModelRunner.Linux.Files;

/// <summary>
/// Tells file systems that other machines or programs may change without this kernel: network file systems, and those in user space. The kernel sends no
/// events for such changes. The numbers are from statfs(2) and from the file systems' sources.
/// </summary>
internal static class NetworkFileSystem
{
    /// <summary>Whether a path is on such a file system, links followed. False if the system does not tell.</summary>
    public static bool IsAt(string path) => FileSystemType.Of(path) is
        0x00006969 // nfs
        or 0x0000517b // smb
        or 0xff534d42 // cifs
        or 0xfe534d42 // smb2
        or 0x65735546 // fuse, virtiofs
        or 0x01021997 // 9p
        or 0x00c36400 // ceph
        or 0x5346414f // afs
        or 0x6b414653 // kafs
        or 0x73757245 // coda
        or 0x0bd00bd0 // lustre
        or 0x47504653 // gpfs
        or 0x7461636f // ocfs2
        or 0x01161970 // gfs2
        or 0x786f4256 // vboxsf
        or 0xbacbacbc // hgfs
        or 0x19830326; // beegfs
}
