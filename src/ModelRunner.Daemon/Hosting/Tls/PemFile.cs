using System.Text;
using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Hosting.Tls;

/// <summary>Reads the small text files of certificates.</summary>
internal static class PemFile
{
    private const int MaxBytes = 1 << 20;

    /// <summary>Reads a file of at most 1 MiB.</summary>
    /// <exception cref="IOException">It cannot be read, is not a regular file, or is larger.</exception>
    /// <exception cref="UnauthorizedAccessException">This user must not read it.</exception>
    public static string Read(string path)
    {
        // Opening a pipe would wait for its other end.
        if (FileStatus.Of(path) is { Exists: true, IsRegular: false })
            throw new IOException("it is not a regular file");
        using FileStream file = File.OpenRead(path);
        if (file.Length > MaxBytes)
            throw new IOException($"it is larger than {MaxBytes >> 20} MiB");
        using var reader = new StreamReader(file, Encoding.ASCII);
        return reader.ReadToEnd();
    }
}
