namespace ModelRunner.Store.Archives;

/// <summary>One entry of a tar archive.</summary>
/// <param name="Name">Its name, as it is written. It is compared and never opened.</param>
/// <param name="Size">Bytes of its content; 0 if it is no file.</param>
/// <param name="IsFile">Whether it is a regular file: not a folder, a link or a device.</param>
internal readonly record struct TarEntry(string Name, long Size, bool IsFile);
