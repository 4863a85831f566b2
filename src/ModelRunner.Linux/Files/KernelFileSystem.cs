namespace ModelRunner.Linux.Files;

/// <summary>
/// Tells file systems that show the state of the kernel, such as procfs and sysfs, from those that hold files. The numbers are from statfs(2).
/// </summary>
internal static class KernelFileSystem
{
    /// <summary>Whether a path is on such a file system, links followed. False if the system does not tell.</summary>
    public static bool IsAt(string path) => FileSystemType.Of(path) is
        0x00009fa0 // proc
        or 0x62656572 // sysfs
        or 0x00001cd1 // devpts
        or 0x0027e0eb // cgroup
        or 0x63677270 // cgroup2
        or 0x64626720 // debugfs
        or 0x74726163 // tracefs
        or 0x73636673 // securityfs
        or 0xf97cff8c // selinuxfs
        or 0xcafe4a11 // bpf
        or 0x62656570 // configfs
        or 0x6165676c // pstore
        or 0xde5e81e4 // efivarfs
        or 0x19800202 // mqueue
        or 0x42494e4d; // binfmt_misc
}
