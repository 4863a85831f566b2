using System.Text;

namespace ModelRunner.Daemon.Hosting.Tls;

/// <summary>Reads and writes the small text files of certificates.</summary>
internal static class PemFile
{
    private const int MaxBytes = 1 << 20;
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads a file of at most 1 MiB.</summary>
    /// <exception cref="IOException">It cannot be read, is not a regular file, or is larger.</exception>
    /// <exception cref="UnauthorizedAccessException">This user must not read it.</exception>
    public static string Read(string path)
    {
        // Opening a pipe would wait for its other end.
        if (ModelRunner.Linux.Files.FileStatus.Of(path) is { Exists: true, IsRegular: false })
            throw new IOException("it is not a regular file");
        using FileStream file = File.OpenRead(path);
        if (file.Length > MaxBytes)
            throw new IOException($"it is larger than {MaxBytes >> 20} MiB");
        using var reader = new StreamReader(file, Encoding.ASCII);
        return reader.ReadToEnd();
    }

    /// <summary>Replaces a file, which only its owner can read. It has the old or the new content at any time.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user must not write there.</exception>
    public static void Write(string path, string text)
    {
        string next = path + ".new";
        File.Delete(next);
        using (var file = new FileStream(next, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OnlyOwner }))
        {
            file.Write(Encoding.ASCII.GetBytes(text));
            file.Flush(flushToDisk: true);
        }

        File.Move(next, path, overwrite: true);
    }
}
